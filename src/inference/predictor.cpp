#include "inference/predictor.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <utility>

#include "inference/answers.h"

namespace svhn::inference {
namespace {

/// The images themselves.
constexpr std::array kPlain{View{}};

}  // namespace

Predictor::Predictor(network::Network network, const data::Preprocessing& preprocessing,
                     const PredictorOptions& options)
    : network_(std::make_unique<network::Network>(std::move(network))),
      batch_size_(options.batch_size.value_or(batch_size_for(network_->input_shape()))),
      session_(*network_, {.batch_size = batch_size_, .precision = options.precision}),
      plan_(preprocessing, preprocessing.train) {}

std::vector<torch::Tensor> Predictor::logits(std::span<const std::uint8_t> images,
                                             std::span<const View> views) {
  const std::size_t bytes = sides().bytes(), count = images.size() / bytes;
  const auto numbers = static_cast<std::size_t>(model::element_count(plan_.shape()));
  const auto batch_size = static_cast<std::size_t>(batch_size_);
  const std::size_t total = count * views.size();
  torch::Tensor all = at::empty({static_cast<std::int64_t>(total), metric::kClasses}, torch::kFloat32);
  std::vector<std::uint8_t> moved(bytes);
  std::vector<float> pixels;
  for (std::size_t first = 0; first < total; first += batch_size) {
    const std::size_t now = std::min(batch_size, total - first);
    pixels.resize(now * numbers);
    for (std::size_t i = 0; i < now; ++i) {
      shift_image(images.subspan((first + i) % count * bytes, bytes), sides(), views[(first + i) / count],
                  moved);
      plan_.apply(moved, std::span(pixels).subspan(i * numbers, numbers));
    }
    const auto size = static_cast<std::int64_t>(now);
    all.narrow(0, static_cast<std::int64_t>(first), size).copy_(session_.outputs(pixels, size));
  }
  return all.chunk(static_cast<std::int64_t>(views.size()));
}

std::vector<metric::Probabilities> Predictor::predict(std::span<const std::uint8_t> images) {
  if (images.empty()) return {};
  return probabilities_of(logits(images, kPlain).front());
}

std::size_t images_at_a_time(data::ImageSides sides) {
  constexpr std::size_t kMostImages = 512, kMostBytes = std::size_t{64} << 20;
  return std::clamp<std::size_t>(kMostBytes / sides.bytes(), 1, kMostImages);
}

}  // namespace svhn::inference
