#pragma once
/// A run's checkpoint: a model file that also holds the optimizer's state, the average, the training state
/// and the config. Tensors: those of the model, "optimizer.<slot>.<parameter>" and "average.<tensor>".

#include <filesystem>
#include <string>
#include <vector>

#include "model/model_file.h"
#include "network/network.h"
#include "train/state.h"

namespace svhn::train {

/// What a checkpoint says besides its tensors.
struct CheckpointRecord {
  model::ModelRecord model;
  TrainingState state;
  std::string config;     ///< The resolved config, JSON.
  std::string precision;  ///< "float32" or "bfloat16", as the run resolved it.
  std::string data;       ///< Fingerprint of the prepared data file.
  int threads = 1;        ///< Sums depend on it: another count goes on, but not to the same bytes.
  int processes = 1;      ///< So they do on this.
};

/// Writes atomically. @throws core::Error(model)
void write_checkpoint(const std::filesystem::path& path, const CheckpointRecord& record,
                      const std::vector<network::NamedTensor>& tensors);

/// Reads what a checkpoint says. @throws core::Error(model) when missing, damaged or not a checkpoint.
CheckpointRecord read_checkpoint_record(const model::ModelFile& file);

/// Compares the config of a checkpoint with the one to go on with. What may differ: name of the data file,
/// epochs, learning rate, schedule, early stopping, how often to save, TensorBoard, where batch norms take
/// their statistics.
/// @param saved, now resolved configs, JSON. @param source the checkpoint's file name for messages.
/// @throws core::Error(model) naming the first key that must not differ and both values.
void check_same_run(const std::string& saved, const std::string& now, const std::string& source);

}  // namespace svhn::train
