#pragma once
/// A run's checkpoint: a model file that also holds the optimizer state, the weight average, the training
/// state and the config. Tensors: the model's, "optimizer.<slot>.<parameter>" and "average.<tensor>".

#include <filesystem>
#include <string>
#include <vector>

#include "model/model_file.h"
#include "network/network.h"
#include "train/state.h"

namespace svhn::train {

/// The metadata of a checkpoint.
struct CheckpointRecord {
  model::ModelRecord model;
  TrainingState state;
  std::string config;     ///< The resolved config, JSON.
  std::string precision;  ///< "float32" or "bfloat16", as the run resolved it.
  std::string data;       ///< Fingerprint of the prepared data file.
  int threads = 1;        ///< A run may resume with another count, but not bit-identically.
  int processes = 1;      ///< As threads.
};

/// Writes a checkpoint atomically. @throws core::Error(model) when that fails.
void write_checkpoint(const std::filesystem::path& path, const CheckpointRecord& record,
                      const std::vector<network::NamedTensor>& tensors);

/// Reads the metadata of a checkpoint. @throws core::Error(model) when it is incomplete, damaged or a
/// model's.
CheckpointRecord read_checkpoint_record(const model::ModelFile& file);

/// Checks that a checkpoint's config allows a run to resume with another one. These may differ: path of the
/// data file, epochs, learning rates, schedule, early stopping, checkpoint intervals, TensorBoard,
/// synchronization of batch norms.
/// @param saved,now resolved configs, JSON. @param source the checkpoint's file name in messages.
/// @throws core::Error(model) naming the first other key that differs and both values.
void check_same_run(const std::string& saved, const std::string& now, const std::string& source);

/// The part of a record that rank 0 sends to the other processes: state, precision, threads and processes.
std::string record_json(const CheckpointRecord& record);
/// @param text from `record_json`. @returns a record with these fields set.
CheckpointRecord record_from_json(const std::string& text);

}  // namespace svhn::train
