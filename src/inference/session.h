#pragma once
/// The one way in which networks run outside of training: whole batches of images in, outputs of one node
/// out. Evaluation, prediction, embeddings and cached features are callers with a source of images and a sink
/// of outputs. N = images of a batch; C, H, W = channels, height, width.

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "data/batch.h"
#include "data/prepared.h"
#include "distributed/process_group.h"
#include "model/model_file.h"
#include "network/mlp_engine.h"
#include "network/network.h"

namespace svhn::inference {

/// Default batch size of inference. With 256 a layer's output of `q2_1` exceeds malloc's 32 MiB and is mapped
/// again for every batch.
inline constexpr std::int64_t kInferenceBatch = 128;

struct SessionOptions {
  std::int64_t batch_size = kInferenceBatch;
  kernels::Precision precision = kernels::Precision::float32;
  model::NodeId first = 0;               ///< The node whose output the inputs are; 0: images.
  std::optional<model::NodeId> until{};  ///< The node whose output is wanted; unset: the logits.
  /// The processes that share the images of `run`, each with the same network and all calling it together.
  /// Borrowed; nullptr: this process only.
  distributed::ProcessGroup* group = nullptr;
};

/// @param input of the network, [C,H,W].
/// @returns the batch size of inference: fewer images where they are larger than digits, so that memory does
/// not grow with their size.
std::int64_t batch_size_for(const model::Shape& input);

/// @param with_threads whether the threads that compute also load the batches, between two of them. Use it
/// for work so short that a prefetching thread would only take a processor away from it. Where one thread
/// computes, prefetching costs nothing.
/// @returns the options of a `data::BatchLoader`.
data::BatchOptions loading(std::int64_t batch_size, bool with_threads);

/// A contiguous range of a list of images.
struct Shard {
  std::size_t first = 0;
  std::size_t count = 0;  ///< May be 0.
};

/// Divides `images` images among the processes of a group in whole batches, so that every batch equals one
/// that a single process would run.
/// @param batch_size images per batch. @param group borrowed; nullptr: this process takes all.
/// @returns this process' shard.
Shard shard_of(std::size_t images, std::int64_t batch_size, const distributed::ProcessGroup* group);

/// @returns the preprocessing that a model file records, with the sides of its input.
/// @throws core::Error(model) when it is damaged, or when it does not give the channels that the network
/// takes.
data::Preprocessing preprocessing_of(const model::ModelFile& file);

/// Loads the network of a model file onto a device, and folds its batch norms (network/fold.h).
/// @throws core::Error(model)
network::Network load_for_inference(const model::ModelFile& file, const torch::Device& device);

/// Runs a network in inference mode. An output depends on its image alone: a last, smaller batch is filled
/// up, so that every image passes through the same kernels in every command.
class Session {
 public:
  /// @param network borrowed, as it is: in training, or of `load_for_inference`.
  Session(network::Network& network, const SessionOptions& options);

  /// @param inputs f32 [N,…], each of the shape that the network takes: C,H,W, or that of node `first`.
  /// @param images N, 0 to `batch_size`.
  /// @returns f32 [N,…] on the CPU, contiguous; valid until the next call. Logits are divided by the
  /// network's temperature.
  /// @throws core::Error(bug) for inputs of another size.
  torch::Tensor outputs(std::span<const float> inputs, std::int64_t images);

  /// Called with each batch: the index of its first image in the list, and the outputs.
  using Sink = std::function<void(std::size_t first, const torch::Tensor& outputs)>;
  /// Called after each batch with the number of finished images and of this process' images; may throw to
  /// stop.
  using Progress = std::function<void(std::int64_t done, std::int64_t total)>;
  /// Runs this process' shard of some rows of the data.
  /// @param source the inputs of the rows.
  /// @returns the shard.
  Shard run(const data::PreparedData& data, const data::InputSource& source,
            std::span<const std::int64_t> rows, const Sink& sink, const Progress& progress);

 private:
  /// @returns the shape of one input.
  [[nodiscard]] const model::Shape& shape() const;
  torch::Tensor raw_outputs(std::span<const float> inputs, std::int64_t images);

  network::Network& network_;
  SessionOptions options_;
  std::unique_ptr<network::MlpEngine> engine_;  ///< nullptr unless the network is a float32 MLP.
  std::vector<float> filled_;                   ///< A batch with zeros behind its images.
};

}  // namespace svhn::inference
