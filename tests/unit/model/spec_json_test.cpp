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
  ASSERT_EQ(spec.layers.size(), std::variant_size_v<LayerKind>);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) EXPECT_EQ(spec.layers[i].kind.index(), i);
  EXPECT_EQ(std::get<ReshapeSpec>(spec.layers[1].kind).shape, (std::vector<std::int64_t>{1, 32, 32}));
  const auto& dense = std::get<DenseSpec>(spec.layers[2].kind);
  EXPECT_EQ(dense.units, 7);
  EXPECT_EQ(dense.activation, Activation::selu);
  EXPECT_FALSE(dense.use_bias);
  EXPECT_EQ(dense.l1, 0.5);
  EXPECT_EQ(dense.l2, 2.0);
  const auto& conv = std::get<Conv2dSpec>(spec.layers[3].kind);
  EXPECT_EQ(conv.filters, 8);
  EXPECT_EQ(conv.kernel, 5);
  EXPECT_EQ(conv.stride, 2);
  EXPECT_EQ(conv.padding, Padding::same);
  EXPECT_EQ(conv.activation, Activation::tanh);
  EXPECT_EQ(conv.l2, 0.25);
  EXPECT_FALSE(spec.layers[3].trainable);
  EXPECT_EQ(spec.layers[3].name, "first");
  EXPECT_EQ(std::get<BatchNormSpec>(spec.layers[4].kind).momentum, 0.9);
  EXPECT_EQ(std::get<MaxPool2dSpec>(spec.layers[5].kind).stride, 1);
  EXPECT_EQ(std::get<AveragePool2dSpec>(spec.layers[6].kind).size, 4);
  EXPECT_EQ(std::get<DropoutSpec>(spec.layers[8].kind).rate, 0.1);
  EXPECT_EQ(std::get<ActivationSpec>(spec.layers[9].kind).activation, Activation::gelu);
  EXPECT_EQ(std::get<ResizeSpec>(spec.layers[10].kind).width, 76);
  const auto& backbone = std::get<BackboneSpec>(spec.layers[11].kind);
  EXPECT_EQ(backbone.backbone, "nasnet_mobile");
  EXPECT_EQ(backbone.weights, "w.h5");
  EXPECT_EQ(backbone.variant, BackboneVariant::keras);
  EXPECT_EQ(backbone.input, BackboneInput::tf);
  EXPECT_EQ(backbone.trainable, (std::vector<std::string>{"block4*", "*bn?"}));
  EXPECT_EQ(spec.layers[11].name, "base");
}

TEST(ModelFromJson, KeepsKerasDefaultsForAbsentKeys) {
  const ModelSpec spec = read(R"([{"type": "conv2d", "filters": 8}, {"type": "batch_norm"}])");
  const auto& conv = std::get<Conv2dSpec>(spec.layers[0].kind);
  EXPECT_EQ(conv.kernel, 3);
  EXPECT_EQ(conv.stride, 1);
  EXPECT_EQ(conv.padding, Padding::valid);
  EXPECT_EQ(conv.activation, Activation::linear);
  EXPECT_TRUE(conv.use_bias);
  EXPECT_EQ(std::get<BatchNormSpec>(spec.layers[1].kind).momentum, 0.99);
  EXPECT_EQ(std::get<BatchNormSpec>(spec.layers[1].kind).epsilon, 1e-3);
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
  const auto& backbone = std::get<BackboneSpec>(spec.layers[0].kind);
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
      "average_pool2d, global_average_pool, dropout, activation, resize, backbone");
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

TEST(ModelToJson, NamesLayersThatHaveNone) {
  const ModelSpec spec{{{"", DenseSpec{.units = 2}}, {"", DenseSpec{.units = 3}}}};
  EXPECT_EQ(model_to_json(spec)["layers"][1]["name"], "dense_2");
}

}  // namespace
}  // namespace svhn::model
