#pragma once
/// Predicts the digits of images from any source. n = images, H, W = sides of the network's input.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "data/preprocess.h"
#include "inference/session.h"
#include "metric/classes.h"

namespace svhn::inference {

struct PredictorOptions {
  bool shifts = false;  ///< Average the probabilities over the nine shifts by -1, 0 and 1 pixels.
  kernels::Precision precision = kernels::Precision::float32;
  /// Images per batch; each shifted copy counts. Unset: `batch_size_for` the network's input.
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

  /// @param images u8 [n,H,W,3].
  /// @returns the class probabilities of each image, the same bits as `evaluate` gives for the same pixels.
  /// @throws core::Error(numeric) when a logit is not finite.
  std::vector<metric::Probabilities> predict(std::span<const std::uint8_t> images);

 private:
  void predict_batch(std::span<const float> pixels, std::int64_t count,
                     std::vector<metric::Probabilities>& results);

  std::unique_ptr<network::Network> network_;  ///< Borrowed by the session.
  std::int64_t batch_size_;
  Session session_;
  data::PreprocessPlan plan_;
  bool shifts_;
};

/// @param sides of the network's input.
/// @returns how many images to hold in memory and predict at a time: some batches, up to 64 MiB.
std::size_t images_at_a_time(data::ImageSides sides);

/// Shifts an image and repeats its border.
/// @param image u8 [H,W,3]. @param right,down in pixels.
/// @param shifted u8 [H,W,3], output: pixel (x, y) is the image's pixel (x - right, y - down).
void shift_image(std::span<const std::uint8_t> image, data::ImageSides sides, int right, int down,
                 std::span<std::uint8_t> shifted);

}  // namespace svhn::inference
