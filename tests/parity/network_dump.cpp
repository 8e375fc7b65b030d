// Runs networks for Python scripts:
//   network_dump train CONFIG torch|keras CASE RESULT [MODEL]   three optimizer steps without dropout;
//                                                               writes MODEL
//   network_dump logits MODEL CASE RESULT                       inference
// CASE holds the network's tensors, `images` f32 or f64 [3,n,C,H,W] (logits: f32 [n,C,H,W]) and `labels` i64
// [3,n].
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "config/run_config.h"
#include "network/tensor_io.h"
#include "train/loss.h"
#include "train/optimizer.h"
#include "train/parameters.h"

namespace {

using namespace svhn;
using network::NamedTensor;
using torch::Tensor;

Tensor read_array(const formats::SafetensorsFile& file, const std::string& name) {
  const auto* info = file.find(name);
  if (info == nullptr) throw core::Error(core::ExitCode::data, "no array '" + name + "'");
  const auto type = info->dtype == formats::DType::i64   ? torch::kInt64
                    : info->dtype == formats::DType::f64 ? torch::kFloat64
                                                         : torch::kFloat32;
  Tensor tensor = torch::empty(info->shape, torch::TensorOptions().dtype(type));
  const auto bytes = file.bytes(*info);
  std::memcpy(tensor.data_ptr(), bytes.data(), bytes.size());
  return tensor;
}

model::Graph plan_without_dropout(config::RunConfig& config, const char* source) {
  for (auto& layer : config.model.layers) {
    if (auto* dropout = std::get_if<model::DropoutOp>(&layer.op)) dropout->rate = 0.0;
  }
  return config::plan_run(config, source);
}

void add_all(std::vector<NamedTensor>& results, const std::string& prefix,
             const std::vector<NamedTensor>& tensors) {
  for (const auto& item : tensors) results.push_back({prefix + item.name, item.tensor.detach().clone()});
}

/// One step; the first one also stores logits and gradients.
void step(network::Network& network, train::FlatParameters& parameters, train::Optimizer& optimizer,
          double rate, std::int64_t t, const Tensor& images, const Tensor& labels,
          std::vector<NamedTensor>& results) {
  const Tensor logits = network.forward(images, {.training = true});
  const Tensor targets = train::smooth_targets(labels, 10, 0.0, logits.scalar_type());
  const Tensor loss = train::cross_entropy(logits, targets, {});
  parameters.gradients().zero_();
  loss.backward();
  results.push_back({"loss" + std::to_string(t), loss.detach()});
  if (t == 1) {
    results.push_back({"logits", logits.detach()});
    add_all(results, "gradient.", parameters.split(parameters.gradients(), ""));
  }
  const torch::NoGradGuard no_grad;
  optimizer.step(parameters.values(), parameters.gradients(), rate, t);
  if (t == 1) add_all(results, "step1.", network.tensors());
}

void run_training(char** arguments) {
  config::RunConfig config = config::load_run_config(arguments[0]);
  const bool keras = std::string_view(arguments[1]) == "keras";
  const formats::SafetensorsFile file(arguments[2], core::ExitCode::data);
  const Tensor images = read_array(file, "images"), labels = read_array(file, "labels");
  network::Network network(plan_without_dropout(config, arguments[0]), 1,
                           keras ? network::BatchNormVariance::keras : network::BatchNormVariance::torch,
                           images.scalar_type());
  network::read_tensors(file, network.tensors());
  std::vector<NamedTensor> trainable, results;
  for (const auto& item : network.tensors()) {
    if (item.trainable) trainable.push_back(item);
  }
  train::FlatParameters parameters(trainable);
  const auto optimizer = train::make_optimizer(
      config.train.optimizer, keras ? train::FrameworkCompat::keras : train::FrameworkCompat::torch,
      parameters.values());
  for (std::int64_t t = 1; t <= images.size(0); ++t) {
    step(network, parameters, *optimizer, config.train.optimizer.learning_rate, t, images[t - 1],
         labels[t - 1], results);
  }
  add_all(results, "step3.", network.tensors());
  results.push_back({"logits_after", network.forward(images[0], {}).detach()});
  network::write_tensors(arguments[3], results, {});
  if (arguments[4] == nullptr) return;
  const model::ModelRecord record{config.name, network.input_shape(), config.model, R"({"steps":[]})", true};
  network::write_tensors(arguments[4], network.tensors(), model::record_metadata(record, "model"));
}

void run_logits(char** arguments) {
  network::Network network = network::load_network(model::ModelFile(arguments[0]));
  const formats::SafetensorsFile file(arguments[1], core::ExitCode::data);
  const torch::NoGradGuard no_grad;
  network::write_tensors(arguments[2], {{"logits", network.forward(read_array(file, "images"), {})}}, {});
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::string_view mode = argc > 1 ? argv[1] : "";
    if (mode == "train" && (argc == 6 || argc == 7)) {
      run_training(argv + 2);
    } else if (mode == "logits" && argc == 5) {
      run_logits(argv + 2);
    } else {
      return 2;
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 5;
  }
}
