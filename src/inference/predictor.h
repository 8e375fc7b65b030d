#pragma once
/// Predicts the digits of images from any source. n = images, H, W = sides of the network's input.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "data/preprocess.h"
#include "inference/session.h"
#include "inference/views.h"
#include "metric/classes.h"

namespace svhn::inference {

struct PredictorOptions {
  kernels::Precision precision = kernels::Precision::float32;
  /// Images per batch; each view counts. Unset: `batch_size_for` the network's input.
  std::optional<std::int64_t> batch_size{};
};

class Predictor {
 public:
  /// @param network of `load_for_inference`.
  /// @param preprocessing the model's, of `preprocessing_of`; steps that need a split's statistics use the
  /// training split's.
  Predictor(network::Network network, const data::Preprocessing& preprocessing,
            const PredictorOptions& options);

  /// @returns the sides of the images that `predict` takes.
  [[nodiscard]] data::ImageSides sides() const { return plan_.sides(); }
  [[nodiscard]] network::Network& network() { return *network_; }
  [[nodiscard]] std::int64_t batch_size() const { return batch_size_; }

  /// @param images u8 [n,H,W,3].
  /// @returns the class probabilities of each image, the same bits as `evaluate` gives for the same pixels.
  /// @throws core::Error(numeric) when a logit is not finite.
  std::vector<metric::Probabilities> predict(std::span<const std::uint8_t> images);

  /// @param images u8 [n,H,W,3].
  /// @returns the logits f32 [n,10] of each view.
  std::vector<torch::Tensor> logits(std::span<const std::uint8_t> images, std::span<const View> views);

 private:
  std::unique_ptr<network::Network> network_;  ///< Borrowed by the session.
  std::int64_t batch_size_;
  Session session_;
  data::PreprocessPlan plan_;
};

/// @param sides of the network's input.
/// @returns how many images to hold in memory and predict at a time: some batches, up to 64 MiB.
std::size_t images_at_a_time(data::ImageSides sides);

}  // namespace svhn::inference
