// Backbones as layers: input scaling, trainable tensors, running statistics. Their outputs are compared with
// Keras and torchvision by tests/parity/backbone_keras.py and backbone_torchvision.py.
#include <torch/script.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "model/spec_json.h"
#include "network/pretrained.h"
#include "network/tensor_io.h"
#include "unit/network/small_network.h"

namespace svhn::network {
namespace {

using torch::Tensor;
constexpr ForwardContext kInference{};
constexpr ForwardContext kTraining{.training = true};

model::BackboneSpec named(const std::string& name, std::vector<std::string> trainable = {}) {
  model::BackboneSpec spec;
  spec.backbone = name;
  spec.weights = "random";
  spec.trainable = std::move(trainable);
  return spec;
}

Network network_of(const model::BackboneSpec& spec, std::int64_t side = 32) {
  return {any_graph({spec}, {3, side, side}), 1};
}

Tensor images(std::int64_t side = 32) {
  const Tensor steps = torch::arange(2 * 3 * side * side, torch::kFloat32);
  return (at::sin(steps * 0.37) * 0.5 + 0.5).view({2, 3, side, side});
}

double largest_difference(const Tensor& a, const Tensor& b) {
  return ((a - b).abs().max() / b.abs().max()).item().toDouble();
}

Tensor features(model::BackboneInput input, const Tensor& x) {
  model::BackboneSpec spec = named("squeezenet1_1");
  spec.input = input;
  return network_of(spec).forward(x, kInference);
}

// Keras' imagenet_utils.preprocess_input modes and torchvision's Normalize, written out.
TEST(Backbone, PreparesImagesAsTheWeightsExpect) {
  const Tensor x = images();
  const auto row = [](double a, double b, double c) {
    return torch::tensor({a, b, c}).to(torch::kFloat32).view({1, 3, 1, 1});
  };
  const Tensor tf = (x * 255.0) / 127.5 - 1.0;
  const Tensor torch_mode = (x - row(0.485, 0.456, 0.406)) / row(0.229, 0.224, 0.225);
  const Tensor bgr = at::stack({x.select(1, 2), x.select(1, 1), x.select(1, 0)}, 1) * 255.0;
  const Tensor caffe = bgr - row(103.939, 116.779, 123.68);
  EXPECT_LT(
      largest_difference(features(model::BackboneInput::tf, x), features(model::BackboneInput::none, tf)),
      1e-5);
  EXPECT_LT(largest_difference(features(model::BackboneInput::torch, x),
                               features(model::BackboneInput::none, torch_mode)),
            1e-5);
  EXPECT_LT(largest_difference(features(model::BackboneInput::caffe, x),
                               features(model::BackboneInput::none, caffe)),
            1e-5);
}

TEST(Backbone, KeepsNothingOfAFrozenPart) {
  const Tensor x = images();
  EXPECT_FALSE(network_of(named("vgg16")).forward(x, kTraining).requires_grad());
  Network network = network_of(named("vgg16", {"block5_conv3"}));
  network.forward(x, kTraining).sum().backward();
  for (const NamedTensor& item : network.tensors()) {
    const bool last = item.name.find("block5_conv3") != std::string::npos;
    EXPECT_EQ(item.tensor.grad().defined(), last) << item.name;
  }
}

TEST(Backbone, LetsGradientsOfImagesThrough) {
  Tensor x = images();
  const Tensor before = x.clone();
  x.set_requires_grad(true);
  network_of(named("resnet50")).forward(x, kInference).sum().backward();
  EXPECT_GT(x.grad().abs().max().item().toDouble(), 0.0);
  EXPECT_TRUE(at::equal(x.detach(), before));
}

TEST(Backbone, LeavesItsInputAsItWas) {
  const Tensor x = images() - 0.5, before = x.clone();
  network_of(named("densenet121")).forward(x, kInference);
  EXPECT_TRUE(at::equal(x, before));
}

TEST(Backbone, RunsFrozenBatchNormsInInferenceMode) {
  Network network = network_of(named("resnet50", {"conv5_block3_3_*"}));
  const Tensor frozen = tensor_of(network, "resnet50.conv5_block3_2_bn.running_mean");
  const Tensor trained = tensor_of(network, "resnet50.conv5_block3_3_bn.running_mean");
  network.forward(images(), kTraining);
  EXPECT_EQ(frozen.abs().max().item().toDouble(), 0.0);
  EXPECT_GT(trained.abs().max().item().toDouble(), 0.0);
  Network still = network_of(named("resnet50"));
  EXPECT_TRUE(at::equal(still.forward(images(), kTraining), still.forward(images(), kInference)));
}

TEST(Backbone, RunsInBfloat16) {
  for (const char* name : {"squeezenet1_1", "densenet121", "nasnet_mobile", "resnet50"}) {
    Network network = network_of(named(name));
    const torch::NoGradGuard no_grad;
    const Tensor exact = network.forward(images(), kInference);
    const Tensor rounded = network.forward(images(), {.precision = kernels::Precision::bfloat16});
    EXPECT_EQ(rounded.scalar_type(), torch::kFloat32);
    EXPECT_LT(largest_difference(rounded, exact), 0.1) << name;  // bfloat16 has 8 bits.
  }
}

// Batch norms without a scale: their gradients are checked against finite differences of the sum.
TEST(Backbone, TrainsBatchNormsWithoutScale) {
  Network network = network_of(named("inception_v3", {"batch_normalization_94"}), 75);
  const Tensor bias = tensor_of(network, "inception_v3.batch_normalization_94.bias");
  const auto sum = [&] { return network.forward(images(75), kInference).sum(); };
  sum().backward();
  const double slope = bias.grad()[7].item().toDouble(), before = sum().item().toDouble();
  {
    const torch::NoGradGuard no_grad;
    tensor_of(network, "inception_v3.batch_normalization_94.bias")[7] += 0.5;
  }
  const double after = sum().item().toDouble();
  EXPECT_GE((after - before) / 0.5, slope - 1e-2);  // A ReLU's slope grows with its input.
  EXPECT_GT(after, before);
}

std::string scratch_path(const std::string& name) {
  return (std::filesystem::temp_directory_path() / (name + std::to_string(::getpid()))).string();
}

TEST(Backbone, LivesInAModelFileWithoutItsWeightsFile) {
  model::BackboneSpec spec = named("resnet50", {"conv5*"});
  spec.weights = "weights/gone.safetensors";
  spec.variant = model::BackboneVariant::torch;
  const model::ModelSpec model{
      {{"", spec}, {"", model::GlobalAveragePoolOp{}}, {"", model::DenseOp{.units = 10}}}};
  Network network(model::plan_network(model, {3, 32, 32}), 1);
  const std::string path = scratch_path("svhn_backbone_model");
  write_tensors(path, network.tensors(),
                model::record_metadata({"m", {3, 32, 32}, model, "{}", true}, "model"));
  const model::ModelFile file(path);
  EXPECT_EQ(std::get<model::BackboneSpec>(file.record().spec.layers[0].op).weights, "");
  EXPECT_EQ(file.graph().counts.total, network.graph().counts.total);
  EXPECT_EQ(file.graph().counts.trainable, network.graph().counts.trainable);
  Network again = load_network(file);
  EXPECT_TRUE(at::equal(again.forward(images(), kInference), network.forward(images(), kInference)));
  std::filesystem::remove(path);
}

constexpr const char* kScript = R"(
def forward(self, x):
    y = torch.conv2d(x, self.weight, self.bias, [2, 2])
    return y * self.factor
)";

std::string write_script(const std::string& name) {
  torch::jit::Module module("Twice");
  module.register_parameter("weight", torch::ones({4, 3, 2, 2}), false);
  module.register_parameter("bias", torch::arange(4, torch::kFloat32), false);
  module.register_buffer("factor", torch::tensor(2.0));
  module.define(kScript);
  const std::string path = scratch_path(name);
  module.save(path);
  return path;
}

model::BackboneSpec script_spec(const std::string& path, std::vector<std::string> trainable = {}) {
  model::BackboneSpec spec = named("torchscript", std::move(trainable));
  spec.weights = path;
  spec.feature_shape = {4, 2, 2};
  model::ModelSpec model{{{"", spec}}};
  resolve_backbones(model);
  return std::get<model::BackboneSpec>(model.layers[0].op);
}

TEST(ScriptBackbone, RunsAFileWithItsOwnParameters) {
  const std::string path = write_script("svhn_script_run");
  const model::BackboneSpec spec = script_spec(path, {"w*"});
  Network network(any_graph({spec}, {3, 4, 4}), 1);
  EXPECT_EQ(network.graph().counts.total, 48 + 4 + 1);
  EXPECT_EQ(network.graph().counts.trainable, 48);
  // Twice the sum of 3 channels of 2x2 ones, plus the channel's bias.
  const Tensor y = network.forward(torch::ones({1, 3, 4, 4}), kTraining);
  for (int channel = 0; channel < 4; ++channel)
    EXPECT_EQ(y[0][channel][1][1].item().toDouble(), 2.0 * (12 + channel));
  y.sum().backward();
  EXPECT_EQ(tensor_of(network, "torchscript.weight").grad().max().item().toDouble(), 8.0);
  EXPECT_FALSE(tensor_of(network, "torchscript.bias").grad().defined());
  // The module runs with the network's tensors.
  set(network, "torchscript.factor", {3.0});
  EXPECT_EQ(network.forward(torch::ones({1, 3, 4, 4}), kInference)[0][0][0][0].item().toDouble(), 36.0);
  std::filesystem::remove(path);
}

TEST(ScriptBackbone, CarriesItsTensorsInTheDescription) {
  const std::string path = write_script("svhn_script_json");
  const model::ModelSpec model{{{"", script_spec(path)}}};
  const auto again = model::model_from_json(nlohmann::json::parse(model::model_to_json(model).dump()), "m",
                                            core::ExitCode::model);
  EXPECT_EQ(model::plan_network(again, {3, 4, 4}, {.outputs = 0}).counts.total, 53);
  std::filesystem::remove(path);
}

std::string refusal(const std::function<void()>& act) {
  try {
    act();
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::model);
    EXPECT_FALSE(error.hint().empty());
    return error.what();
  }
  return "";
}

TEST(ScriptBackbone, RefusesPatternsThatFitNothing) {
  const std::string path = write_script("svhn_script_pattern");
  model::BackboneSpec spec = script_spec(path);
  spec.trainable = {"factor"};  // A buffer.
  EXPECT_THROW(any_graph({spec}, {3, 4, 4}), core::Error);
  spec.trainable = {"bias"};
  EXPECT_EQ(any_graph({spec}, {3, 4, 4}).counts.trainable, 4);
  std::filesystem::remove(path);
}

TEST(ScriptBackbone, RefusesWhatDoesNotFit) {
  const std::string path = write_script("svhn_script_refuse");
  model::BackboneSpec spec = script_spec(path);
  spec.feature_shape = {4, 3, 3};
  EXPECT_EQ(refusal([&] {
              network_of(spec, 4).forward(torch::ones({1, 3, 4, 4}), kInference);
            }),
            "'" + path + "' gives [1,4,2,2], not [1,4,3,3]");
  spec.tensors[0].shape = {4, 3, 2, 1};
  EXPECT_EQ(refusal([&] { network_of(spec, 4); }), "'" + path + "': 'weight' is no longer [4,3,2,1]");
  model::BackboneSpec unread = spec;
  unread.tensors.clear();
  EXPECT_EQ(refusal([&] { network_of(unread, 4); }),
            "'" + path + "': it has 3 tensors, where the network was planned with 0");
  spec.tensors[0].name = "wait";
  EXPECT_EQ(refusal([&] { network_of(spec, 4); }), "'" + path + "': there is no tensor 'wait'");
  std::filesystem::remove(path);
  EXPECT_EQ(refusal([&] { script_spec(path); }), "there is no TorchScript file '" + path + "'");
  EXPECT_NE(refusal([&] { script_spec(__FILE__); }).find("is not a TorchScript file"), std::string::npos);
}

}  // namespace
}  // namespace svhn::network
