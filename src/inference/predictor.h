#pragma once
/// Digits of pictures from anywhere. n: pictures, 32x32 pixels of RGB each.

#include <cstdint>
#include <span>
#include <vector>

#include "data/preprocess.h"
#include "inference/evaluate.h"
#include "metric/classes.h"
#include "network/network.h"

namespace svhn::inference {

struct PredictorOptions {
  bool shifts = false;  ///< Average each picture's probabilities over its nine shifts by -1, 0 and 1 pixels.
  kernels::Precision precision = kernels::Precision::float32;
  /// Pictures (shifted ones count) that the network sees at a time.
  std::int64_t batch_size = kImagesAtATime;
};

class Predictor {
 public:
  /// @param network for inference, see model/fold.h. @param preprocessing the model's; a step that asks for
  /// the numbers of a split takes the training split's.
  Predictor(network::Network network, const data::Preprocessing& preprocessing,
            const PredictorOptions& options);

  /// @param images u8 [n,32,32,3]. @returns n times the probabilities of the classes.
  /// @throws core::Error(numeric) when a logit is not finite.
  std::vector<metric::Probabilities> predict(std::span<const std::uint8_t> images);

 private:
  void predict_batch(const std::vector<float>& pixels, std::vector<metric::Probabilities>& results);

  network::Network network_;
  data::PreprocessPlan plan_;
  PredictorOptions options_;
};

/// Moves a picture; where it moved away, its border is repeated.
/// @param image u8 [32,32,3]. @param shifted the same size, filled: pixel (x, y) is the image's (x - right,
/// y - down).
void shift_image(std::span<const std::uint8_t> image, int right, int down, std::span<std::uint8_t> shifted);

}  // namespace svhn::inference
