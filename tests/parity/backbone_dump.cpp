// Runs backbones for Python scripts:
//   backbone_dump run SPEC IMAGES RESULT     inference. SPEC: a layer's JSON with its weights; IMAGES holds
//                                            `images` f32 [n,3,H,W]; RESULT gets `features`
//   backbone_dump train SPEC IMAGES RESULT   one step in training mode. IMAGES also holds `direction`, by
//   which
//                                            the features are multiplied; RESULT gets `features`, the
//                                            gradients of the trainable tensors and the new running
//                                            statistics, by name
//   backbone_dump tensors SPEC SIDE          prints one line a tensor, name and shape, then "total N"
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/json.h"
#include "model/plan.h"
#include "model/spec_json.h"
#include "network/pretrained.h"
#include "network/tensor_io.h"

namespace {

using namespace svhn;
using core::ExitCode;

model::ModelSpec read_spec(const char* text) {
  const nlohmann::json layers{{"layers", {core::parse_json_strict(text, "spec", ExitCode::config)}}};
  model::ModelSpec spec = model::model_from_json(layers, "spec", ExitCode::config);
  network::resolve_backbones(spec);
  return spec;
}

torch::Tensor read_array(const formats::SafetensorsFile& file, const std::string& name) {
  const auto* info = file.find(name);
  if (info == nullptr) throw core::Error(ExitCode::data, "no array '" + name + "'");
  torch::Tensor tensor = torch::empty(info->shape, torch::kFloat32);
  const auto bytes = file.bytes(*info);
  std::memcpy(tensor.data_ptr(), bytes.data(), bytes.size());
  return tensor;
}

network::Network load(const char* spec, const torch::Tensor& images) {
  const model::Shape input = images.sizes().slice(1).vec();
  network::Network network(model::plan_network(read_spec(spec), input, {.outputs = 0}), 1);
  network::load_backbone_weights(network);
  return network;
}

void run(char** arguments) {
  const formats::SafetensorsFile file(arguments[1], ExitCode::data);
  const torch::Tensor images = read_array(file, "images");
  network::Network network = load(arguments[0], images);
  const torch::NoGradGuard no_grad;
  network::write_tensors(arguments[2], {{"features", network.forward(images, {})}}, {});
}

void train(char** arguments) {
  const formats::SafetensorsFile file(arguments[1], ExitCode::data);
  const torch::Tensor images = read_array(file, "images");
  network::Network network = load(arguments[0], images);
  const torch::Tensor features = network.forward(images, {.training = true});
  (features * read_array(file, "direction")).sum().backward();
  std::vector<network::NamedTensor> results{{"features", features.detach()}};
  for (const auto& item : network.tensors()) {
    const bool statistic = item.name.find(".running_") != std::string::npos;
    if (statistic) results.push_back(item);
    if (item.trainable) results.push_back({item.name, item.tensor.grad()});
  }
  network::write_tensors(arguments[2], results, {});
}

void list_tensors(char** arguments) {
  const std::int64_t side = std::stoll(arguments[1]);
  const auto graph = model::plan_network(read_spec(arguments[0]), {3, side, side}, {.outputs = 0});
  for (const auto& node : graph.nodes) {
    for (const auto& tensor : node.tensors)
      std::printf("%s %s\n", tensor.name.c_str(), model::shape_text(tensor.shape).c_str());
  }
  std::printf("total %lld\n", static_cast<long long>(graph.counts.total));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::string_view mode = argc > 1 ? argv[1] : "";
    if (mode == "run" && argc == 5) {
      run(argv + 2);
    } else if (mode == "train" && argc == 5) {
      train(argv + 2);
    } else if (mode == "tensors" && argc == 4) {
      list_tensors(argv + 2);
    } else {
      return 2;
    }
    return 0;
  } catch (const core::Error& error) {
    std::fprintf(stderr, "%s\nhint: %s\n", error.what(), error.hint().c_str());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
