#pragma once
/// The networks with branches of configs/, with numbers as after a training.

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "core/json.h"
#include "model/spec_json.h"
#include "unit/network/small_network.h"

namespace svhn::network {

inline constexpr std::array<const char*, 3> kBranchedConfigs{"preact_resnet16", "resnet_shortcut",
                                                             "dense_block"};

/// @returns the network of a file in configs/.
inline model::ModelSpec config_model(const std::string& name) {
  const auto path = std::filesystem::path(SVHN_SOURCE_DIR) / "configs" / (name + ".json");
  const auto document = core::read_json_file(path, core::ExitCode::config);
  return model::model_from_json(document.at("model"), name, core::ExitCode::config);
}

/// Gives biases, betas and gammas numbers of both signs, and batch norms statistics far from 0 and 1.
inline void fill_vectors(const Network& network) {
  const torch::NoGradGuard no_grad;
  double phase = 0.3;
  for (const auto& item : network.tensors()) {
    if (item.tensor.dim() != 1) continue;
    const torch::Tensor values = wave(item.tensor.sizes(), phase += 1.1);
    const bool positive = item.name.ends_with("running_var");
    const bool gamma = item.name.ends_with(".weight");
    item.tensor.detach().copy_(positive ? values.abs() + 0.3 : gamma ? values * 0.5 + 0.8 : values * 0.3);
  }
}

inline Network branched_network(const std::string& name, torch::ScalarType dtype = torch::kFloat32) {
  Network network(model::plan_network(config_model(name), {3, 32, 32}), 3, BatchNormVariance::keras, dtype);
  fill_vectors(network);
  return network;
}

/// @returns images in [0,1], [n,3,32,32].
inline torch::Tensor branched_images(std::int64_t n, torch::ScalarType dtype = torch::kFloat32) {
  return (wave({n, 3, 32, 32}) * 0.5 + 0.5).to(dtype);
}

}  // namespace svhn::network
