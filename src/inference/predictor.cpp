#include "inference/predictor.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "data/prepared.h"
#include "metric/scores.h"

namespace svhn::inference {
namespace {

using data::kImageBytes;
using data::kSide;
using metric::kClasses;
using metric::Probabilities;

constexpr auto kBytes = static_cast<std::size_t>(kImageBytes);

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
      session_(*network_, {.batch_size = options.batch_size, .precision = options.precision}),
      plan_(preprocessing, preprocessing.train),
      options_(options) {}

void Predictor::predict_batch(const std::vector<float>& pixels, std::vector<Probabilities>& results) {
  const auto& shape = network_->input_shape();
  const auto count = static_cast<std::int64_t>(pixels.size()) / model::element_count(shape);
  const torch::Tensor logits = session_.outputs(pixels.data(), count, shape);
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
  const auto shifts = make_shifts(options_.shifts);
  const auto numbers = static_cast<std::size_t>(plan_.channels() * kSide * kSide);
  const std::size_t total = images.size() / kBytes * shifts.size();
  const auto batch_size = static_cast<std::size_t>(options_.batch_size);
  std::vector<Probabilities> shifted;
  std::vector<std::uint8_t> moved(kBytes);
  std::vector<float> pixels;
  for (std::size_t first = 0; first < total; first += batch_size) {
    const std::size_t count = std::min(batch_size, total - first);
    pixels.resize(count * numbers);
    for (std::size_t i = 0; i < count; ++i) {
      const auto [right, down] = shifts[(first + i) % shifts.size()];
      shift_image(images.subspan((first + i) / shifts.size() * kBytes, kBytes), right, down, moved);
      plan_.apply(moved, std::span(pixels).subspan(i * numbers, numbers));
    }
    predict_batch(pixels, shifted);
  }
  std::vector<Probabilities> results;
  for (std::size_t i = 0; i < total; i += shifts.size()) {
    results.push_back(mean_of(std::span(shifted).subspan(i, shifts.size())));
  }
  return results;
}

void shift_image(std::span<const std::uint8_t> image, int right, int down, std::span<std::uint8_t> shifted) {
  constexpr auto last = static_cast<int>(kSide) - 1;
  std::size_t at = 0;
  for (int y = 0; y <= last; ++y) {
    const auto row = static_cast<std::size_t>(std::clamp(y - down, 0, last)) * kSide;
    for (int x = 0; x <= last; ++x) {
      const std::size_t from = (row + static_cast<std::size_t>(std::clamp(x - right, 0, last))) * 3;
      for (std::size_t c = 0; c < 3; ++c) shifted[at++] = image[from + c];
    }
  }
}

}  // namespace svhn::inference
