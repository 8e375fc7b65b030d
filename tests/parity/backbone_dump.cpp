// Lets Python scripts run backbones:
//   backbone_dump run SPEC IMAGES RESULT      SPEC: a layer's JSON with its weights; IMAGES: `images` f32
//   [n,3,H,W];
//                                             RESULT gets `features`, and `logits`-like outputs of a `top`
//   backbone_dump tensors SPEC SIDE           one line a tensor: name and shape, then "total N"
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "svhn/core/json.h"
#include "svhn/model/backbone_weights.h"
#include "svhn/model/spec_json.h"
#include "svhn/model/weights.h"

namespace {

using namespace svhn;
using core::ExitCode;

model::ModelSpec read_spec(const char* text) {
  const nlohmann::json layers{{"layers", {core::parse_json_strict(text, "spec", ExitCode::config)}}};
  model::ModelSpec spec = model::model_from_json(layers, "spec", ExitCode::config);
  model::settle_variants(spec);
  return spec;
}

void run(char** arguments) {
  const formats::SafetensorsFile file(arguments[1], ExitCode::data);
  const auto& info = file.require("images", formats::DType::f32, {-1, 3, -1, -1});
  torch::Tensor images = torch::empty(info.shape, torch::kFloat32);
  const auto bytes = file.bytes(info);
  std::memcpy(images.data_ptr(), bytes.data(), bytes.size());
  const model::Shape input(info.shape.begin() + 1, info.shape.end());
  model::Network network(model::plan_network(read_spec(arguments[0]), input, {.outputs = 0}), 1);
  model::load_backbone_weights(network);
  const torch::NoGradGuard no_grad;
  model::write_tensors(arguments[2], {{"features", network.forward(images, {})}}, {});
}

void list_tensors(char** arguments) {
  const std::int64_t side = std::stoll(arguments[1]);
  const auto plan = model::plan_network(read_spec(arguments[0]), {3, side, side}, {.outputs = 0});
  for (const auto& tensor : plan.layers[0].tensors)
    std::printf("%s %s\n", tensor.name.c_str(), model::shape_text(tensor.shape).c_str());
  std::printf("total %lld\n", static_cast<long long>(plan.counts.total));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::string_view mode = argc > 1 ? argv[1] : "";
    if (mode == "run" && argc == 5) {
      run(argv + 2);
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
