// Names and shapes of published files; the arrays hold no values here, only sizes count.
#include <gtest/gtest.h>

#include <filesystem>

#include "core/error.h"
#include "model/pretrained/match_weights.h"

namespace svhn::model {
namespace {

BackboneSpec named(const std::string& name, BackboneVariant variant = BackboneVariant::automatic) {
  BackboneSpec spec;
  spec.backbone = name;
  spec.variant = variant;
  return spec;
}

Graph graph_of(const BackboneSpec& spec) {
  return backbone_graph(spec, {3, 96, 96});
}

/// Exactly the arrays that a network has, under Keras' or torchvision's names.
WeightSource source_of(const BackboneSpec& spec, bool keras) {
  const Graph graph = graph_of(spec);
  WeightSource source;
  for (const Node& node : graph.nodes) {
    for (const TensorPlan& tensor : node.tensors) {
      const std::string suffix = tensor.name.substr(node.name.size());
      source.arrays.push_back({(keras ? node.name : node.torch) + suffix, tensor.shape, {}});
    }
  }
  return source;
}

std::vector<const WeightArray*> match(const BackboneSpec& spec, const WeightSource& source) {
  return match_weights(spec, graph_of(spec), source, "w");
}

std::string refusal(const BackboneSpec& spec, const WeightSource& source, const std::string& hint = "") {
  try {
    match(spec, source);
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::model);
    EXPECT_NE(error.hint().find(hint), std::string::npos) << error.hint();
    return error.what();
  }
  return "";
}

void rename(WeightSource& source, const std::string& from, const std::string& to) {
  for (WeightArray& array : source.arrays) {
    const std::size_t place = array.name.find(from);
    if (place != std::string::npos) array.name.replace(place, from.size(), to);
  }
}

TEST(MatchWeights, TakesBothNamings) {
  for (const char* name : {"vgg16", "resnet50", "densenet121", "inception_v3"}) {
    for (const auto variant : {BackboneVariant::keras, BackboneVariant::torch}) {
      const BackboneSpec spec = named(name, variant);
      const WeightSource source = source_of(spec, variant == BackboneVariant::keras);
      const auto found = match(spec, source);
      ASSERT_EQ(found.size(), source.arrays.size()) << name;
      for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i], &source.arrays[i]) << name;
    }
  }
}

TEST(MatchWeights, LeavesClassifiersOut) {
  WeightSource source = source_of(named("vgg16"), true);
  const std::size_t count = source.arrays.size();
  for (const char* top : {"fc1.weight", "fc2.bias", "predictions.weight"})
    source.arrays.push_back({top, {7}, {}});
  EXPECT_EQ(match(named("vgg16"), source).size(), count);
  source = source_of(named("inception_v3", BackboneVariant::torch), false);
  source.arrays.push_back({"AuxLogits.conv0.conv.weight", {128, 768, 1, 1}, {}});
  source.arrays.push_back({"fc.weight", {1000, 2048}, {}});
  EXPECT_EQ(match(named("inception_v3", BackboneVariant::torch), source).size(), source.arrays.size() - 2);
}

// Keras counts layers through a whole program, from a name without a number on.
TEST(MatchWeights, TakesCountedNamesFromAnywhere) {
  const BackboneSpec spec = named("xception");
  WeightSource source = source_of(spec, true);
  rename(source, "conv2d_1.", "conv2d.");
  for (int i = 2; i <= 4; ++i)
    rename(source, "conv2d_" + std::to_string(i) + ".", "conv2d_" + std::to_string(i - 1) + ".");
  for (int i = 4; i >= 1; --i) {
    rename(source, "batch_normalization_" + std::to_string(i) + ".",
           "batch_normalization_" + std::to_string(i + 97) + ".");
  }
  const auto found = match(spec, source);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i], &source.arrays[i]);
}

TEST(MatchWeights, TakesOlderSpellings) {
  WeightSource source = source_of(named("densenet121"), true);
  rename(source, "conv1_conv", "conv1/conv");
  rename(source, "conv1_bn", "conv1/bn");
  EXPECT_EQ(match(named("densenet121"), source).size(), source.arrays.size());
  const BackboneSpec torch = named("densenet121", BackboneVariant::torch);
  source = source_of(torch, false);
  for (const char* part : {"norm", "conv"}) {
    for (const char* number : {"1", "2"})
      rename(source, std::string(".") + part + number + ".", std::string(".") + part + "." + number + ".");
  }
  EXPECT_EQ(source.arrays[5].name, "features.denseblock1.denselayer1.norm.1.weight");
  EXPECT_EQ(match(torch, source).size(), source.arrays.size());
}

TEST(MatchWeights, FindsANetworkInsideAnother) {
  const BackboneSpec torch = named("resnet50", BackboneVariant::torch);
  WeightSource source = source_of(torch, false);
  for (WeightArray& array : source.arrays) array.name.insert(0, "encoder.model.");
  EXPECT_EQ(match(torch, source).size(), source.arrays.size());
  source.arrays.push_back({"encoder.model.fc.weight", {10, 2048}, {}});
  EXPECT_EQ(match(torch, source).size() + 1, source.arrays.size());
}

TEST(MatchWeights, ListsWhatDoesNotFit) {
  WeightSource source = source_of(named("vgg16"), true);
  source.arrays[0].shape = {64, 3, 3, 5};
  source.arrays[3].name = "block1_conv9.bias";
  EXPECT_EQ(
      refusal(named("vgg16"), source, "svhn info"),
      "'w' does not fit vgg16: 1 missing (block1_conv2.bias); 1 unexpected (block1_conv9.bias); 1 wrongly "
      "shaped (block1_conv1.weight [64,3,3,5], not [64,3,3,3])");
  source.arrays.resize(3);
  EXPECT_EQ(
      refusal(named("vgg16"), source),
      "'w' does not fit vgg16: 23 missing (block1_conv2.bias, block2_conv1.weight, block2_conv1.bias, …); 1 "
      "wrongly shaped (block1_conv1.weight [64,3,3,5], not [64,3,3,3])");
  EXPECT_NE(refusal(named("vgg19"), source_of(named("vgg16"), false)), "");
}

TEST(MatchWeights, SaysWhichVariantAFileHas) {
  const WeightSource torch = source_of(named("resnet50", BackboneVariant::torch), false);
  EXPECT_NE(refusal(named("resnet50", BackboneVariant::keras), torch, R"("variant": "torch")"), "");
  const WeightSource keras = source_of(named("inception_v3", BackboneVariant::keras), true);
  EXPECT_NE(refusal(named("inception_v3", BackboneVariant::torch), keras, R"("variant": "keras")"), "");
}

TEST(MatchWeights, SaysNothingOfVariantsForAnotherNetwork) {
  const std::string hint = "these are not this network's weights";
  EXPECT_NE(refusal(named("vgg16"), source_of(named("squeezenet1_1"), false), hint), "");
  EXPECT_NE(refusal(named("resnet50"), source_of(named("densenet121", BackboneVariant::torch), false), hint),
            "");
}

}  // namespace
}  // namespace svhn::model
