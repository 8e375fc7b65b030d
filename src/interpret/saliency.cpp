#include "interpret/saliency.h"

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "core/error.h"
#include "model/spec_json.h"

namespace svhn::interpret {
namespace {

using torch::Tensor;

constexpr std::int64_t kBatch = 32;  // Small, since a backward pass keeps every layer's output.

/// @returns the logit of one class for each image, [N].
Tensor class_logits(network::Network& network, const Tensor& images, std::int64_t class_index) {
  return network.forward(images, {}).select(1, class_index);
}

Tensor gradient(const Tensor& value, const Tensor& of) {
  return torch::autograd::grad({value}, {of}).front();
}

Tensor on_cpu(const Tensor& map) {
  return map.detach().to(torch::kCPU, torch::kFloat32).contiguous();
}

double number(const Tensor& scalar) {
  return scalar.detach().item().toDouble();
}

/// @returns the offsets of windows along `size` pixels; the last window ends at the edge of the image.
std::vector<std::int64_t> window_offsets(std::int64_t size, std::int64_t side, std::int64_t stride) {
  std::vector<std::int64_t> found;
  for (std::int64_t at = 0; at + side < size; at += stride) found.push_back(at);
  found.push_back(std::max<std::int64_t>(0, size - side));
  return found;
}

}  // namespace

double Attribution::gap() const {
  return map.to(torch::kFloat64).sum().item().toDouble() - (image - baseline);
}

Tensor flat_baseline(const Tensor& image) {
  return image.mean({2, 3}, true).expand_as(image).contiguous();
}

std::optional<model::NodeId> last_convolution(const model::Graph& graph) {
  for (std::size_t i = graph.layers.size(); i-- > 0;) {
    const model::NodeId node = graph.layers[i].last;
    const std::string_view type = model::type_name(graph.layers[i].spec.op);
    const bool convolves = type.ends_with("conv2d") || type == "backbone";
    if (convolves && graph.nodes[node].output.size() == 3) return node;
  }
  return std::nullopt;
}

Tensor grad_cam(network::Network& network, const Tensor& image, model::NodeId node,
                std::int64_t class_index) {
  Tensor maps;
  // The image requires a gradient, since otherwise autograd would not record frozen layers.
  const Tensor input = image.detach().clone().set_requires_grad(true);
  const auto keep = [&](model::NodeId id, const Tensor& output) {
    if (id == node) maps = output;
  };
  const Tensor logits = network.forward_visiting(input, {}, keep);
  if (!maps.defined() || maps.dim() != 4) {
    throw core::Error(core::ExitCode::bug, "Grad-CAM needs a layer that gives [channels,height,width]");
  }
  const Tensor weights = gradient(logits[0][class_index], maps).mean({2, 3}, true);
  const Tensor map = at::relu((weights * maps).sum(1, true)).detach();
  return on_cpu(at::upsample_bilinear2d(map, {image.size(2), image.size(3)}, false)[0][0]);
}

Attribution integrated_gradients(network::Network& network, const Tensor& image, const Tensor& baseline,
                                 std::int64_t class_index, std::int64_t steps) {
  const Tensor difference = (image - baseline).detach();
  Tensor sum = at::zeros_like(difference);
  for (std::int64_t first = 0; first < steps; first += kBatch) {
    const std::int64_t count = std::min(kBatch, steps - first);
    const Tensor fractions = (at::arange(count, difference.options()) + static_cast<double>(first) + 0.5) /
                             static_cast<double>(steps);
    const Tensor points =
        (baseline + fractions.view({-1, 1, 1, 1}) * difference).detach().set_requires_grad(true);
    sum += gradient(class_logits(network, points, class_index).sum(), points).sum(0, true);
  }
  const torch::NoGradGuard no_grad;
  const Tensor ends = class_logits(network, at::cat({image, baseline}), class_index);
  return {on_cpu((difference * sum / static_cast<double>(steps))[0]), number(ends[0]), number(ends[1])};
}

Tensor occlusion(network::Network& network, const Tensor& image, const Tensor& baseline,
                 std::int64_t class_index, const OcclusionWindow& window) {
  const torch::NoGradGuard no_grad;
  const std::int64_t height = image.size(2), width = image.size(3);
  std::vector<Tensor> masks;
  for (const std::int64_t top : window_offsets(height, window.side, window.stride)) {
    for (const std::int64_t left : window_offsets(width, window.side, window.stride)) {
      Tensor mask = at::zeros({1, height, width}, image.options());
      mask.slice(1, top, top + window.side).slice(2, left, left + window.side).fill_(1.0);
      masks.push_back(mask);
    }
  }
  const double logit = number(class_logits(network, image, class_index)[0]);
  Tensor decreases = at::zeros({height, width}, image.options());
  Tensor counts = at::zeros_like(decreases);
  for (const Tensor& batch : at::stack(masks).split(kBatch)) {
    const Tensor occluded = image * (1.0 - batch) + baseline * batch;
    const Tensor decrease = logit - class_logits(network, occluded, class_index);
    decreases += (decrease.view({-1, 1, 1, 1}) * batch).sum(at::IntArrayRef{0, 1});
    counts += batch.sum(at::IntArrayRef{0, 1});
  }
  return on_cpu(decreases / counts.clamp_min(1.0));
}

}  // namespace svhn::interpret
