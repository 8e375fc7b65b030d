#include "interpret/activations.h"

namespace svhn::interpret {

std::vector<torch::Tensor> layer_outputs(network::Network& network, const torch::Tensor& images,
                                         std::span<const LayerChoice> layers) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> outputs(layers.size());
  const auto keep = [&](std::size_t index, const torch::Tensor& output) {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      if (layers[i].index != index) continue;
      const torch::Tensor read = layers[i].softmax ? at::softmax(output, 1) : output;
      outputs[i] = read.to(torch::kCPU, torch::kFloat32).contiguous();
    }
  };
  network.forward_visiting(images.to(network.device()), {}, keep);
  return outputs;
}

}  // namespace svhn::interpret
