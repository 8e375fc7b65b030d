#include "inference/predictor.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "metric/scores.h"

namespace svhn::inference {
namespace {

using metric::kClasses;
using metric::Probabilities;

struct Shift {
  int right;
  int down;
};

std::vector<Shift> make_shifts(bool enabled) {
  if (!enabled) return {{0, 0}};
  std::vector<Shift> shifts;
  for (int down = -1; down <= 1; ++down) {
    for (int right = -1; right <= 1; ++right) shifts.push_back({right, down});
  }
  return shifts;
}

Probabilities mean_of(std::span<const Probabilities> items) {
  Probabilities mean{};
  for (const Probabilities& item : items) {
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += item[i] / static_cast<double>(items.size());
  }
  return mean;
}

}  // namespace

Predictor::Predictor(network::Network network, const data::Preprocessing& preprocessing,
                     const PredictorOptions& options)
    : network_(std::make_unique<network::Network>(std::move(network))),
      batch_size_(options.batch_size.value_or(batch_size_for(network_->input_shape()))),
      session_(*network_, {.batch_size = batch_size_, .precision = options.precision}),
      plan_(preprocessing, preprocessing.train),
      shifts_(options.shifts) {}

void Predictor::predict_batch(std::span<const float> pixels, std::int64_t count,
                              std::vector<Probabilities>& results) {
  const torch::Tensor logits = session_.outputs(pixels, count);
  const auto* row = static_cast<const float*>(logits.data_ptr());
  for (std::int64_t i = 0; i < logits.size(0); ++i, row += kClasses) {
    if (!std::all_of(row, row + kClasses, [](float x) { return std::isfinite(x); })) {
      throw core::Error(core::ExitCode::numeric, "the model gives numbers that are not finite",
                        "it has diverged; train it again with a smaller learning rate");
    }
    results.push_back(metric::softmax(std::span<const float, kClasses>(row, kClasses)));
  }
}

std::vector<Probabilities> Predictor::predict(std::span<const std::uint8_t> images) {
  const auto shifts = make_shifts(shifts_);
  const std::size_t bytes = sides().bytes();
  const auto numbers = static_cast<std::size_t>(model::element_count(plan_.shape()));
  const std::size_t total = images.size() / bytes * shifts.size();
  const auto batch_size = static_cast<std::size_t>(batch_size_);
  std::vector<Probabilities> shifted;
  std::vector<std::uint8_t> moved(bytes);
  std::vector<float> pixels;
  for (std::size_t first = 0; first < total; first += batch_size) {
    const std::size_t count = std::min(batch_size, total - first);
    pixels.resize(count * numbers);
    for (std::size_t i = 0; i < count; ++i) {
      const auto [right, down] = shifts[(first + i) % shifts.size()];
      const auto image = images.subspan((first + i) / shifts.size() * bytes, bytes);
      shift_image(image, sides(), right, down, moved);
      plan_.apply(moved, std::span(pixels).subspan(i * numbers, numbers));
    }
    predict_batch(pixels, static_cast<std::int64_t>(count), shifted);
  }
  std::vector<Probabilities> results;
  for (std::size_t i = 0; i < total; i += shifts.size()) {
    results.push_back(mean_of(std::span(shifted).subspan(i, shifts.size())));
  }
  return results;
}

std::size_t images_at_a_time(data::ImageSides sides) {
  constexpr std::size_t kMostImages = 512, kMostBytes = std::size_t{64} << 20;
  return std::clamp<std::size_t>(kMostBytes / sides.bytes(), 1, kMostImages);
}

void shift_image(std::span<const std::uint8_t> image, data::ImageSides sides, int right, int down,
                 std::span<std::uint8_t> shifted) {
  std::size_t at = 0;
  for (std::int64_t y = 0; y < sides.height; ++y) {
    const std::int64_t row = std::clamp<std::int64_t>(y - down, 0, sides.height - 1) * sides.width;
    for (std::int64_t x = 0; x < sides.width; ++x) {
      const std::int64_t column = std::clamp<std::int64_t>(x - right, 0, sides.width - 1);
      const auto from = static_cast<std::size_t>(row + column) * 3;
      for (std::size_t c = 0; c < 3; ++c) shifted[at++] = image[from + c];
    }
  }
}

}  // namespace svhn::inference
