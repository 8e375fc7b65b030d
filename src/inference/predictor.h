#pragma once
/// Predicts the digits of images from any source. n = images, each 32x32 pixels of RGB.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "data/preprocess.h"
#include "inference/session.h"
#include "metric/classes.h"

namespace svhn::inference {

struct PredictorOptions {
  bool shifts = false;  ///< Average the probabilities over the nine shifts by -1, 0 and 1 pixels.
  kernels::Precision precision = kernels::Precision::float32;
  /// Images per batch; each shifted copy counts.
  std::int64_t batch_size = kInferenceBatch;
};

class Predictor {
 public:
  /// @param network of `load_for_inference`.
  /// @param preprocessing the model's; steps that need a split's statistics use the training split's.
  Predictor(network::Network network, const data::Preprocessing& preprocessing,
            const PredictorOptions& options);

  /// @param images u8 [n,32,32,3].
  /// @returns the class probabilities of each image, the same bits as `evaluate` gives for the same pixels.
  /// @throws core::Error(numeric) when a logit is not finite.
  std::vector<metric::Probabilities> predict(std::span<const std::uint8_t> images);

 private:
  void predict_batch(const std::vector<float>& pixels, std::vector<metric::Probabilities>& results);

  std::unique_ptr<network::Network> network_;  ///< Borrowed by the session.
  Session session_;
  data::PreprocessPlan plan_;
  PredictorOptions options_;
};

/// Shifts an image and repeats its border.
/// @param image u8 [32,32,3]. @param right,down in pixels.
/// @param shifted u8 [32,32,3], output: pixel (x, y) is the image's pixel (x - right, y - down).
void shift_image(std::span<const std::uint8_t> image, int right, int down, std::span<std::uint8_t> shifted);

}  // namespace svhn::inference
