#include "model/spec_json.h"

#include <gtest/gtest.h>

#include "core/json.h"

namespace svhn::model {
namespace {

ModelSpec read(const std::string& layers) {
  const auto document = core::parse_json_strict("{\"layers\": " + layers + "}", "m", core::ExitCode::model);
  return model_from_json(document, "m", core::ExitCode::model);
}

std::string spec_json_refusal(const std::string& layers) {
  try {
    read(layers);
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::model);
    EXPECT_FALSE(error.hint().empty());
    return error.what();
  }
  return "";
}

TEST(ModelFromJson, ReadsEveryTypeAndItsKeys) {
  const ModelSpec spec = read(R"([
      {"type": "flatten"}, {"type": "reshape", "shape": [1, 32, 32]},
      {"type": "dense", "units": 7, "activation": "selu", "use_bias": false, "l1": 0.5, "l2": 2},
      {"type": "conv2d", "filters": 8, "kernel": 5, "stride": 2, "padding": "same", "activation": "tanh",
       "use_bias": false, "l1": 1, "l2": 0.25, "trainable": false, "name": "first"},
      {"type": "batch_norm", "momentum": 0.9, "epsilon": 1e-5},
      {"type": "max_pool2d", "size": 3, "stride": 1, "padding": "same"},
      {"type": "average_pool2d", "size": 4, "stride": 2}, {"type": "global_average_pool"},
      {"type": "dropout", "rate": 0.1}, {"type": "activation", "activation": "gelu"},
      {"type": "resize", "height": 75, "width": 76},
      {"type": "backbone", "name": "nasnetmobile", "weights": "w.h5", "variant": "keras", "input": "tf",
       "trainable": ["block4*", "*bn?"], "layer_name": "base"}])");
  ASSERT_EQ(spec.layers.size(), 12U);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) EXPECT_EQ(spec.layers[i].op.index(), i);
  EXPECT_EQ(std::get<ReshapeOp>(spec.layers[1].op).shape, (std::vector<std::int64_t>{1, 32, 32}));
  const auto& dense = std::get<DenseOp>(spec.layers[2].op);
  EXPECT_EQ(dense.units, 7);
  EXPECT_EQ(dense.activation, Activation::selu);
  EXPECT_FALSE(dense.use_bias);
  EXPECT_EQ(dense.l1, 0.5);
  EXPECT_EQ(dense.l2, 2.0);
  const auto& conv = std::get<Conv2dOp>(spec.layers[3].op);
  EXPECT_EQ(conv.filters, 8);
  EXPECT_EQ(conv.window.height, 5);
  EXPECT_EQ(conv.window.resolved().width, 5);
  EXPECT_EQ(conv.window.stride, 2);
  EXPECT_EQ(conv.window.pad, WindowPad::same);
  EXPECT_EQ(conv.activation, Activation::tanh);
  EXPECT_EQ(conv.l2, 0.25);
  EXPECT_FALSE(spec.layers[3].trainable);
  EXPECT_EQ(spec.layers[3].name, "first");
  EXPECT_EQ(std::get<BatchNormOp>(spec.layers[4].op).momentum, 0.9);
  EXPECT_EQ(std::get<MaxPool2dOp>(spec.layers[5].op).window.stride, 1);
  EXPECT_EQ(std::get<AveragePool2dOp>(spec.layers[6].op).window.height, 4);
  EXPECT_EQ(std::get<DropoutOp>(spec.layers[8].op).rate, 0.1);
  EXPECT_EQ(std::get<ActivationOp>(spec.layers[9].op).activation, Activation::gelu);
  EXPECT_EQ(std::get<ResizeOp>(spec.layers[10].op).width, 76);
  const auto& backbone = std::get<BackboneSpec>(spec.layers[11].op);
  EXPECT_EQ(backbone.backbone, "nasnet_mobile");
  EXPECT_EQ(backbone.weights, "w.h5");
  EXPECT_EQ(backbone.variant, BackboneVariant::keras);
  EXPECT_EQ(backbone.input, BackboneInput::tf);
  EXPECT_EQ(backbone.trainable, (std::vector<std::string>{"block4*", "*bn?"}));
  EXPECT_EQ(spec.layers[11].name, "base");
}

TEST(ModelFromJson, ReadsTheOpsOfBranchedNetworks) {
  const ModelSpec spec = read(R"([
      {"type": "conv2d", "filters": 8, "kernel": 3, "kernel_width": 5, "dilation": 2, "groups": 4, "padding": "half"},
      {"type": "add", "inputs": ["input", "conv2d_1", "a.b"], "activation": "relu6"},
      {"type": "concat", "inputs": ["add_1", "conv2d_1"]}, {"type": "leaky_relu", "slope": 0.1},
      {"type": "prelu", "per_channel": false},
      {"type": "depthwise_conv2d", "kernel": 5, "depth_multiplier": 2, "activation": "mish", "use_bias": false},
      {"type": "separable_conv2d", "filters": 6, "depth_multiplier": 3, "activation": "softsign"},
      {"type": "zero_pad2d", "top": 1, "bottom": 2, "left": 3, "right": 4},
      {"type": "crop2d", "top": 1, "bottom": 2, "left": 3, "right": 4}, {"type": "global_max_pool"},
      {"type": "layer_norm", "epsilon": 1e-6}, {"type": "rescale", "scale": 2, "offset": -1},
      {"type": "normalize", "mean": [0.5, 0.25], "deviation": [2]},
      {"type": "max_pool2d", "size": 2, "width": 3, "padding": "half"}])");
  const auto& conv = std::get<Conv2dOp>(spec.layers[0].op);
  EXPECT_EQ(conv.window.width, 5);
  EXPECT_EQ(conv.window.dilation, 2);
  EXPECT_EQ(conv.groups, 4);
  EXPECT_EQ(conv.window.pad, WindowPad::half);
  EXPECT_EQ(spec.layers[1].inputs, (std::vector<std::string>{"input", "conv2d_1", "a.b"}));
  EXPECT_EQ(std::get<AddOp>(spec.layers[1].op).activation, Activation::relu6);
  EXPECT_EQ(std::get<AddOp>(spec.layers[1].op).scale, 1.0);
  EXPECT_TRUE(std::holds_alternative<ConcatOp>(spec.layers[2].op));
  EXPECT_EQ(std::get<LeakyReluOp>(spec.layers[3].op).slope, 0.1);
  EXPECT_FALSE(std::get<PreluOp>(spec.layers[4].op).per_channel);
  const auto& depthwise = std::get<DepthwiseConv2dOp>(spec.layers[5].op);
  EXPECT_EQ(depthwise.window.height, 5);
  EXPECT_EQ(depthwise.multiplier, 2);
  EXPECT_EQ(depthwise.activation, Activation::mish);
  EXPECT_FALSE(depthwise.use_bias);
  const auto& separable = std::get<SeparableConv2dOp>(spec.layers[6].op);
  EXPECT_EQ(separable.filters, 6);
  EXPECT_EQ(separable.multiplier, 3);
  EXPECT_EQ(separable.activation, Activation::softsign);
  EXPECT_TRUE(separable.use_bias);
  const auto& pad = std::get<ZeroPad2dOp>(spec.layers[7].op);
  EXPECT_EQ((std::array{pad.top, pad.bottom, pad.left, pad.right}),
            (std::array<std::int64_t, 4>{1, 2, 3, 4}));
  const auto& crop = std::get<Crop2dOp>(spec.layers[8].op);
  EXPECT_EQ((std::array{crop.top, crop.bottom, crop.left, crop.right}),
            (std::array<std::int64_t, 4>{1, 2, 3, 4}));
  EXPECT_TRUE(std::holds_alternative<GlobalMaxPoolOp>(spec.layers[9].op));
  EXPECT_EQ(std::get<LayerNormOp>(spec.layers[10].op).epsilon, 1e-6);
  EXPECT_EQ(std::get<RescaleOp>(spec.layers[11].op).scale, 2.0);
  EXPECT_EQ(std::get<RescaleOp>(spec.layers[11].op).offset, -1.0);
  EXPECT_EQ(std::get<NormalizeOp>(spec.layers[12].op).mean, (std::vector<double>{0.5, 0.25}));
  EXPECT_EQ(std::get<NormalizeOp>(spec.layers[12].op).deviation, std::vector<double>{2.0});
  const auto& pool = std::get<MaxPool2dOp>(spec.layers[13].op);
  EXPECT_EQ(pool.window.width, 3);
  EXPECT_EQ(pool.window.pad, WindowPad::half);
}

// Keras' defaults: LeakyReLU(0.3), LayerNormalization(epsilon=1e-3), 3x3 kernels of stride 1 here.
TEST(ModelFromJson, KeepsKerasDefaultsOfTheOtherOps) {
  const ModelSpec spec = read(R"([{"type": "leaky_relu"}, {"type": "prelu"}, {"type": "layer_norm"},
      {"type": "depthwise_conv2d"}, {"type": "separable_conv2d", "filters": 1}, {"type": "zero_pad2d"}])");
  EXPECT_EQ(std::get<LeakyReluOp>(spec.layers[0].op).slope, 0.3);
  EXPECT_TRUE(std::get<PreluOp>(spec.layers[1].op).per_channel);
  EXPECT_EQ(std::get<LayerNormOp>(spec.layers[2].op).epsilon, 1e-3);
  EXPECT_EQ(std::get<DepthwiseConv2dOp>(spec.layers[3].op).window.height, 3);
  EXPECT_EQ(std::get<DepthwiseConv2dOp>(spec.layers[3].op).multiplier, 1);
  EXPECT_EQ(std::get<SeparableConv2dOp>(spec.layers[4].op).window.height, 3);
  EXPECT_EQ(std::get<ZeroPad2dOp>(spec.layers[5].op).top, 0);
  EXPECT_TRUE(spec.layers[0].inputs.empty());
}

TEST(ModelFromJson, KeepsKerasDefaultsForAbsentKeys) {
  const ModelSpec spec = read(R"([{"type": "conv2d", "filters": 8}, {"type": "batch_norm"}])");
  const auto& conv = std::get<Conv2dOp>(spec.layers[0].op);
  EXPECT_EQ(conv.window.height, 3);
  EXPECT_EQ(conv.window.resolved().width, 3);
  EXPECT_EQ(conv.window.stride, 1);
  EXPECT_EQ(conv.window.dilation, 1);
  EXPECT_EQ(conv.window.pad, WindowPad::valid);
  EXPECT_EQ(conv.groups, 1);
  EXPECT_EQ(conv.activation, Activation::linear);
  EXPECT_TRUE(conv.use_bias);
  EXPECT_EQ(std::get<BatchNormOp>(spec.layers[1].op).momentum, 0.99);
  EXPECT_EQ(std::get<BatchNormOp>(spec.layers[1].op).epsilon, 1e-3);
  EXPECT_TRUE(spec.layers[0].trainable);
}

TEST(ModelFromJson, NamesLayersByTypeAndPlace) {
  const ModelSpec spec = read(R"([{"type": "conv2d", "filters": 1}, {"type": "batch_norm"},
      {"type": "conv2d", "filters": 1, "name": "mine"}, {"type": "conv2d", "filters": 1}, {"type": "batch_norm"}])");
  std::vector<std::string> names;
  for (const auto& layer : spec.layers) names.push_back(layer.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"conv2d_1", "batch_norm_1", "mine", "conv2d_3", "batch_norm_2"}));
}

TEST(ModelFromJson, NamesBackbonesAfterTheirNetwork) {
  const ModelSpec spec =
      read(R"([{"type": "backbone", "name": "vgg16"}, {"type": "backbone", "name": "vgg16"},
      {"type": "backbone", "name": "inceptionv3"}])");
  EXPECT_EQ(spec.layers[0].name, "vgg16");
  EXPECT_EQ(spec.layers[1].name, "vgg16_2");
  EXPECT_EQ(spec.layers[2].name, "inception_v3");
  const auto& backbone = std::get<BackboneSpec>(spec.layers[0].op);
  EXPECT_EQ(backbone.weights, "");
  EXPECT_EQ(backbone.variant, BackboneVariant::automatic);
  EXPECT_EQ(backbone.input, BackboneInput::none);
  EXPECT_TRUE(backbone.trainable.empty());
}

TEST(ModelFromJson, RefusesUnknownBackbonesAndPatterns) {
  EXPECT_EQ(spec_json_refusal(R"([{"type": "backbone", "name": "vgg61"}])"),
            "m: /layers/0/name: unknown value 'vgg61'; did you mean 'vgg16'?");
  EXPECT_EQ(spec_json_refusal(R"([{"type": "backbone"}])"), "m: /layers/0/name: missing, but required");
  EXPECT_EQ(
      spec_json_refusal(R"([{"type": "backbone", "name": "vgg16", "trainable": ["a/b"]}])"),
      "m: /layers/0/trainable/0: expected letters, digits, '_', '-', '.', '*' and '?' only, found the text "
      "'a/b'");
}

TEST(ModelFromJson, RefusesUnknownTypesByPointer) {
  EXPECT_EQ(spec_json_refusal(R"([{"type": "flatten"}, {"type": "conv2", "filters": 1}])"),
            "m: /layers/1/type: unknown value 'conv2'; did you mean 'conv2d'?");
  EXPECT_EQ(
      spec_json_refusal(R"([{"units": 1}])"),
      "m: /layers/0/type: missing; expected one of flatten, reshape, dense, conv2d, batch_norm, max_pool2d, "
      "average_pool2d, global_average_pool, dropout, activation, resize, backbone, add, concat, leaky_relu, "
      "prelu, depthwise_conv2d, separable_conv2d, zero_pad2d, crop2d, global_max_pool, layer_norm, rescale, "
      "normalize");
  EXPECT_EQ(spec_json_refusal(R"([7])"), "m: /layers/0: expected an object, found 7");
}

TEST(ModelFromJson, RefusesKeysOfOtherTypes) {
  EXPECT_EQ(spec_json_refusal(R"([{"type": "dense", "unit": 3}])"),
            "m: 2 problems: /layers/0/units: missing, but required; /layers/0/unit: unknown key; did you "
            "mean 'units'?");
  EXPECT_EQ(spec_json_refusal(R"([{"type": "flatten", "units": 3}])"), "m: /layers/0/units: unknown key");
}

TEST(ModelFromJson, RefusesRatesAndSizesOutOfRange) {
  EXPECT_EQ(spec_json_refusal(R"([{"type": "dropout", "rate": 1}])"),
            "m: /layers/0/rate: 1 is out of range, expected a number of at least 0.0 and below 1.0");
  EXPECT_EQ(spec_json_refusal(R"([{"type": "dense", "units": 0}])"),
            "m: /layers/0/units: 0 is out of range, expected an integer from 1 to 1000000");
  EXPECT_EQ(spec_json_refusal("[]"), "m: /layers: has 0 elements, expected 1 to 1000");
}

TEST(ModelFromJson, HasNoLayersThatOnlyBackbonesHave) {
  for (const char* type : {"input", "imagenet_input", "torchscript"})
    EXPECT_NE(spec_json_refusal("[{\"type\": \"" + std::string(type) + "\"}]"), "") << type;
  EXPECT_EQ(spec_json_refusal(R"([{"type": "add", "inputs": ["a", "b"], "scale": 2}])"),
            "m: /layers/0/scale: unknown key");
}

TEST(ModelFromJson, RefusesValuesOfTheOtherOpsOutOfRange) {
  EXPECT_NE(spec_json_refusal(R"([{"type": "conv2d", "filters": 1, "dilation": 0}])"), "");
  EXPECT_NE(spec_json_refusal(R"([{"type": "conv2d", "filters": 1, "groups": 0}])"), "");
  EXPECT_NE(spec_json_refusal(R"([{"type": "conv2d", "filters": 1, "kernel_width": -1}])"), "");
  EXPECT_NE(spec_json_refusal(R"([{"type": "depthwise_conv2d", "depth_multiplier": 0}])"), "");
  EXPECT_NE(spec_json_refusal(R"([{"type": "leaky_relu", "slope": -0.5}])"), "");
  EXPECT_NE(spec_json_refusal(R"([{"type": "crop2d", "top": -1}])"), "");
  EXPECT_NE(spec_json_refusal(R"([{"type": "layer_norm", "epsilon": 0}])"), "");
  EXPECT_NE(spec_json_refusal(R"([{"type": "normalize", "mean": [0], "deviation": [0]}])"), "");
  EXPECT_NE(spec_json_refusal(R"([{"type": "normalize", "mean": [], "deviation": [1]}])"), "");
  EXPECT_EQ(spec_json_refusal(R"([{"type": "rescale"}])"), "m: /layers/0/scale: missing, but required");
  EXPECT_EQ(spec_json_refusal(R"([{"type": "activation", "activation": "hard_swich"}])"),
            "m: /layers/0/activation: unknown value 'hard_swich'; did you mean 'hard_swish'?");
}

TEST(ModelFromJson, RefusesInputsThatAreNoNames) {
  EXPECT_EQ(spec_json_refusal(R"([{"type": "add", "inputs": "a"}])"),
            "m: /layers/0/inputs: expected a list, found the text 'a'");
  EXPECT_EQ(spec_json_refusal(R"([{"type": "add", "inputs": ["a", "b c"]}])"),
            "m: /layers/0/inputs/1: expected letters, digits, '_', '-' and '.' only, found the text 'b c'");
  EXPECT_NE(spec_json_refusal(R"([{"type": "add", "inputs": ["a", 3]}])"), "");
}

TEST(ModelFromJson, RefusesRepeatedAndIllegalNames) {
  EXPECT_EQ(spec_json_refusal(R"([{"type": "flatten", "name": "dense_1"}, {"type": "dense", "units": 1}])"),
            "m: /layers/1: an earlier layer is called 'dense_1' too");
  EXPECT_EQ(spec_json_refusal(R"([{"type": "flatten", "name": "a.b"}])"),
            "m: /layers/0/name: expected letters, digits, '_' and '-' only, found the text 'a.b'");
}

TEST(ModelToJson, ReadsBackTheSame) {
  const ModelSpec spec = read(R"([{"type": "conv2d", "filters": 8, "l2": 1e-4, "trainable": false},
      {"type": "reshape", "shape": [3]}, {"type": "resize", "height": 2, "width": 3}, {"type": "flatten"},
      {"type": "max_pool2d"}, {"type": "average_pool2d"}, {"type": "dropout", "rate": 0.3},
      {"type": "backbone", "name": "vgg16"},
      {"type": "backbone", "name": "resnet50", "weights": "random", "trainable": ["conv5*"], "layer_name": "b"}])");
  const std::string text = model_to_json(spec).dump();
  const auto again = core::parse_json_strict(text, "m", core::ExitCode::model);
  EXPECT_EQ(model_to_json(model_from_json(again, "m", core::ExitCode::model)).dump(), text);
  EXPECT_EQ(model_to_json(spec)["layers"][6].dump(),
            R"({"type":"dropout","name":"dropout_1","rate":0.3,"trainable":true})");
}

TEST(ModelToJson, LeavesOutWhatIsTheDefaultOfOthersAlone) {
  const auto text = [](const char* layer) {
    return model_to_json(read("[" + std::string(layer) + "]"))["layers"][0].dump();
  };
  // These are written as before there were branches, so that older files keep their bytes.
  EXPECT_EQ(
      text(
          R"({"type": "conv2d", "filters": 8, "inputs": [], "dilation": 1, "groups": 1, "kernel_width": 0})"),
      R"({"type":"conv2d","name":"conv2d_1","filters":8,"kernel":3,"stride":1,"padding":"valid",)"
      R"("activation":"linear","use_bias":true,"l1":0.0,"l2":0.0,"trainable":true})");
  EXPECT_EQ(
      text(R"({"type": "max_pool2d", "width": 0})"),
      R"({"type":"max_pool2d","name":"max_pool2d_1","size":2,"stride":0,"padding":"valid","trainable":true})");
  EXPECT_EQ(
      text(R"({"type": "conv2d", "filters": 8, "inputs": ["input"], "dilation": 2, "groups": 4,
                     "kernel_width": 5})"),
      R"({"type":"conv2d","name":"conv2d_1","inputs":["input"],"filters":8,"kernel":3,"kernel_width":5,)"
      R"("stride":1,"padding":"valid","dilation":2,"groups":4,"activation":"linear","use_bias":true,)"
      R"("l1":0.0,"l2":0.0,"trainable":true})");
}

TEST(ModelToJson, ReadsBackBranchesTheSame) {
  const ModelSpec spec =
      read(R"([{"type": "conv2d", "filters": 8, "kernel_width": 1, "groups": 2, "name": "a"},
      {"type": "depthwise_conv2d", "depth_multiplier": 2, "inputs": ["input"], "dilation": 3},
      {"type": "separable_conv2d", "filters": 4, "padding": "half"}, {"type": "prelu", "per_channel": false},
      {"type": "add", "inputs": ["a", "prelu_1"], "activation": "hard_sigmoid"},
      {"type": "concat", "inputs": ["add_1", "a", "depthwise_conv2d_1"]}, {"type": "leaky_relu"},
      {"type": "crop2d", "left": 2}, {"type": "zero_pad2d", "right": 2}, {"type": "rescale", "scale": 0.5},
      {"type": "normalize", "mean": [1, 2, 3], "deviation": [1]}, {"type": "layer_norm"},
      {"type": "global_max_pool"}])");
  const std::string text = model_to_json(spec).dump();
  const ModelSpec again =
      model_from_json(core::parse_json_strict(text, "m", core::ExitCode::model), "m", core::ExitCode::model);
  EXPECT_EQ(model_to_json(again).dump(), text);
  ASSERT_EQ(again.layers.size(), spec.layers.size());
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    EXPECT_EQ(again.layers[i].op.index(), spec.layers[i].op.index());
    EXPECT_EQ(again.layers[i].inputs, spec.layers[i].inputs);
  }
  EXPECT_EQ(std::get<Conv2dOp>(again.layers[0].op).groups, 2);
  EXPECT_EQ(std::get<DepthwiseConv2dOp>(again.layers[1].op).window.dilation, 3);
}

TEST(ModelToJson, NamesLayersThatHaveNone) {
  const ModelSpec spec{{{"", DenseOp{.units = 2}}, {"", DenseOp{.units = 3}}}};
  EXPECT_EQ(model_to_json(spec)["layers"][1]["name"], "dense_2");
}

}  // namespace
}  // namespace svhn::model
