// Writes a model file with random weights, whose answers depend on the picture:
//   onnx_model PREPARED LAYERS HEIGHT WIDTH STEPS MODEL
// LAYERS: {"layers": [...]}; STEPS: names of the preprocessing's steps, joined by commas, or "".
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>

#include "core/json.h"
#include "data/preprocess.h"
#include "model/model_file.h"
#include "model/spec_json.h"
#include "network/pretrained.h"
#include "network/tensor_io.h"

namespace {

using namespace svhn;
using network::Network;
using torch::Tensor;

constexpr std::int64_t kImages = 16;
constexpr double kTemperature = 1.5;

data::Preprocessing read_steps(const std::string& text, const data::PreparedData& data,
                               data::ImageSides sides) {
  data::Preprocessing result{{}, data.statistics(data::Split::train), sides};
  std::istringstream names(text);
  for (std::string name; std::getline(names, name, ',');)
    result.steps.push_back(data::step_from_name(name).value());
  return result;
}

Tensor some_images(const data::PreparedData& data, const data::Preprocessing& preprocessing) {
  const data::PreprocessPlan plan(preprocessing, preprocessing.train);
  std::vector<std::int64_t> shape = plan.shape();
  Tensor images = torch::empty({kImages, shape[0], shape[1], shape[2]});
  for (std::int64_t i = 0; i < kImages; ++i) {
    const Tensor image = images[i];
    plan.apply_resized(data.image(i), {image.data_ptr<float>(), static_cast<std::size_t>(image.numel())});
  }
  return images;
}

const Tensor& tensor_of(const Network& network, const std::string& name) {
  const auto& tensors = network.tensors();
  return std::find_if(tensors.begin(), tensors.end(), [&](const auto& item) { return item.name == name; })
      ->tensor;
}

/// Biases, slopes and statistics count.
void draw_weights(const Network& network) {
  constexpr double kGain = 1.414;
  for (const auto& item : network.tensors()) {
    Tensor tensor = item.tensor;
    if (tensor.dim() >= 2) {
      tensor.mul_(kGain);
    } else {
      tensor.add_(torch::randn_like(tensor), 0.2);
    }
  }
}

/// Signals neither vanish nor explode: a batch norm gets the mean square of what it reads, before it reads
/// it. The deviation between a few pictures would be too small in deep layers: dividing by it would show the
/// rounding of all layers before.
void fill_statistics(Network& network, const Tensor& images) {
  constexpr double kLeast = 1e-6;
  (void)network.forward_visiting(images, {}, [&](model::NodeId id, const Tensor& output) {
    for (const model::Node& node : network.graph().nodes) {
      if (!std::holds_alternative<model::BatchNormOp>(node.op) || node.inputs.front() != id) continue;
      const Tensor square = output.dim() == 4 ? output.pow(2).mean({0, 2, 3}) : output.pow(2).mean(0);
      Tensor mean = tensor_of(network, node.name + ".running_mean");
      Tensor variance = tensor_of(network, node.name + ".running_var");
      variance.copy_(square * torch::empty_like(square).uniform_(0.8, 1.2)).clamp_(kLeast);
      mean.copy_(square.sqrt() * torch::randn_like(square) * 0.2);
    }
  });
}

/// The logits differ between pictures, so that the answers depend on them; but so little, and with numbers so
/// small, that the rounding of a deep network in float32 stays below 1e-5 in the probabilities.
void scale_logits(Network& network, const Tensor& images) {
  constexpr double kDeviation = 0.5, kLargest = 10.0;
  const Tensor logits = network.forward(images, {});
  const double deviation = (logits - logits.mean(0)).pow(2).mean().sqrt().item<double>();
  const double factor = std::min(kDeviation / deviation, kLargest / logits.abs().max().item<double>());
  Tensor weight = tensor_of(network, network.graph().nodes.back().name + ".weight");
  Tensor bias = tensor_of(network, network.graph().nodes.back().name + ".bias");
  weight.mul_(factor);
  bias.sub_(network.forward(images, {}).mean(0));
}

void write_model(char** arguments) {
  const torch::NoGradGuard no_grad;
  torch::manual_seed(1);
  const data::PreparedData data(arguments[0]);
  const auto document = core::parse_json_strict(arguments[1], "layers", core::ExitCode::config);
  model::ModelSpec spec = model::model_from_json(document, "layers", core::ExitCode::config);
  network::resolve_backbones(spec);
  const data::ImageSides sides{std::stoll(arguments[2]), std::stoll(arguments[3])};
  const data::Preprocessing preprocessing = read_steps(arguments[4], data, sides);
  const Tensor images = some_images(data, preprocessing);
  Network network(model::plan_network(spec, images.sizes().slice(1).vec()), 1);
  draw_weights(network);
  fill_statistics(network, images);
  scale_logits(network, images);
  model::ModelRecord record{"random", images.sizes().slice(1).vec(), spec,
                            data::preprocessing_to_json(preprocessing), true};
  record.temperature = kTemperature;
  network::write_tensors(arguments[5], network.tensors(), model::record_metadata(record, "model"));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  try {
    write_model(argv + 1);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "onnx_model: %s\n", error.what());
    return 1;
  }
}
