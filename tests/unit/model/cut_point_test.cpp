#include "model/cut_point.h"

#include <gtest/gtest.h>

#include "model/spec_json.h"

namespace svhn::model {
namespace {

NetworkPlan planned(const std::string& backbone, std::vector<std::string> trainable,
                    std::vector<LayerSpec> before = {}) {
  BackboneSpec base;
  base.backbone = backbone;
  base.weights = "random";
  base.trainable = std::move(trainable);
  ModelSpec spec;
  spec.layers = std::move(before);
  const std::vector<LayerSpec> own{
      {"", base}, {"", FlattenSpec{}}, {"", DropoutSpec{0.25}}, {"", DenseSpec{.units = 10}}};
  spec.layers.insert(spec.layers.end(), own.begin(), own.end());
  name_layers(spec);
  return plan_network(spec, {3, 32, 32});
}

TEST(FrozenCut, IsBeforeTheFirstLayerThatLearnsOrDropsOut) {
  EXPECT_EQ(frozen_cut(planned("squeezenet1_1", {})), (CutPoint{2, 0}));
  EXPECT_EQ(frozen_cut(planned("squeezenet1_1", {}, {{"", ResizeSpec{64, 64}}})), (CutPoint{3, 0}));
  ModelSpec plain;
  plain.layers = {{"a", FlattenSpec{}}, {"b", DenseSpec{.units = 10}}};
  EXPECT_EQ(frozen_cut(plan_network(plain, {3, 32, 32})), CutPoint{}) << "there is no backbone";
}

/// The tensors before the cut are those of the frozen layers, by the counts of Keras' summaries.
TEST(FrozenCut, IsWithinABackboneWhoseLastLayersLearn) {
  const NetworkPlan vgg = planned("vgg16", {"block4*", "block5*"});
  CutPoint cut = frozen_cut(vgg);
  EXPECT_EQ(cut.layer, 0U);
  EXPECT_EQ(shape_at(vgg, cut), (Shape{256, 4, 4})) << "behind block3_pool";
  EXPECT_EQ(tensors_before(vgg, cut), 2U * 7) << "seven convolutions";

  const NetworkPlan resnet = planned("resnet50", {"conv5_block3*"}, {{"", ResizeSpec{64, 64}}});
  cut = frozen_cut(resnet);
  EXPECT_EQ(cut.layer, 1U);
  EXPECT_EQ(shape_at(resnet, cut), (Shape{2048, 2, 2})) << "behind the sum and ReLU of conv5_block2";

  const NetworkPlan dense = planned("densenet169", {"conv5_block31_?_conv", "conv5_block32_?_conv"});
  EXPECT_EQ(shape_at(dense, frozen_cut(dense))[0], 640 + 30 * 32) << "behind block 30 of conv5";
}

TEST(FrozenCut, IsNotWhereReadingWouldCostMoreThanComputing) {
  EXPECT_EQ(frozen_cut(planned("vgg16", {"block1_conv2", "block2*"})), CutPoint{});
}

TEST(FrozenCut, IsNotBetweenTwoBranches) {
  // The last block's first branch learns: what its second one takes must be known too, the block's input.
  const NetworkPlan plan = planned("resnet50", {"conv4_block1_3_conv"});
  EXPECT_EQ(shape_at(plan, frozen_cut(plan)), (Shape{512, 4, 4})) << "behind conv3_block4";
}

}  // namespace
}  // namespace svhn::model
