#include "model/frozen_cut.h"

#include <gtest/gtest.h>

#include "model/plan.h"
#include "model/spec_json.h"

namespace svhn::model {
namespace {

Graph planned(const std::string& backbone, std::vector<std::string> trainable,
              std::vector<LayerSpec> before = {}) {
  BackboneSpec base;
  base.backbone = backbone;
  base.weights = "random";
  base.trainable = std::move(trainable);
  ModelSpec spec;
  spec.layers = std::move(before);
  const std::vector<LayerSpec> own{
      {"", base}, {"", FlattenOp{}}, {"", DropoutOp{0.25}}, {"", DenseOp{.units = 10}}};
  spec.layers.insert(spec.layers.end(), own.begin(), own.end());
  name_layers(spec);
  return plan_network(spec, {3, 32, 32});
}

/// @returns the name of the node behind which the frozen part ends.
std::string cut_name(const Graph& graph) {
  return graph.nodes[frozen_cut(graph)].name;
}

const Shape& cut_shape(const Graph& graph) {
  return graph.nodes[frozen_cut(graph)].output;
}

TEST(FrozenCut, IsBeforeTheFirstLayerThatLearnsOrDropsOut) {
  EXPECT_EQ(cut_name(planned("squeezenet1_1", {})), "flatten_1");
  const Graph resized = planned("squeezenet1_1", {}, {{"", ResizeOp{64, 64}}});
  EXPECT_EQ(cut_name(resized), "flatten_1");
  EXPECT_EQ(frozen_cut(resized), resized.layers[2].last);
  ModelSpec plain;
  plain.layers = {{"a", FlattenOp{}}, {"b", DenseOp{.units = 10}}};
  EXPECT_EQ(frozen_cut(plan_network(plain, {3, 32, 32})), NodeId{0}) << "there is no backbone";
}

/// The tensors before the cut are those of the frozen layers, by the counts of Keras' summaries.
TEST(FrozenCut, IsWithinABackboneWhoseLastLayersLearn) {
  const Graph vgg = planned("vgg16", {"block4*", "block5*"});
  EXPECT_EQ(cut_name(vgg), "vgg16.block3_pool");
  EXPECT_EQ(cut_shape(vgg), (Shape{256, 4, 4}));
  EXPECT_EQ(tensors_up_to(vgg, frozen_cut(vgg)), 2U * 7) << "seven convolutions";

  const Graph resnet = planned("resnet50", {"conv5_block3*"}, {{"", ResizeOp{64, 64}}});
  EXPECT_EQ(resnet.layer_of(frozen_cut(resnet)).spec.name, "resnet50");
  EXPECT_EQ(cut_shape(resnet), (Shape{2048, 2, 2})) << "behind the sum and ReLU of conv5_block2";

  const Graph dense = planned("densenet169", {"conv5_block31_?_conv", "conv5_block32_?_conv"});
  EXPECT_EQ(cut_shape(dense)[0], 640 + 30 * 32) << "behind block 30 of conv5";
}

TEST(FrozenCut, IsNotWhereReadingWouldCostMoreThanComputing) {
  EXPECT_EQ(frozen_cut(planned("vgg16", {"block1_conv2", "block2*"})), NodeId{0});
}

TEST(FrozenCut, IsNotBetweenTwoBranches) {
  // The last block's first branch learns: what its second one takes must be known too, the block's input.
  const Graph graph = planned("resnet50", {"conv4_block1_3_conv"});
  EXPECT_EQ(cut_shape(graph), (Shape{512, 4, 4})) << "behind conv3_block4";
}

/// @returns a frozen backbone, `inner` behind it, and a head that learns.
Graph branched(std::vector<LayerSpec> inner) {
  BackboneSpec base;
  base.backbone = "squeezenet1_1";
  base.weights = "random";
  ModelSpec spec{{{"base", base}}};
  spec.layers.insert(spec.layers.end(), inner.begin(), inner.end());
  spec.layers.push_back({"pool", GlobalAveragePoolOp{}});
  spec.layers.push_back({"head", DenseOp{.units = 10}});
  return plan_network(spec, {3, 32, 32});
}

TEST(FrozenCut, IsNotWhereALaterLayerReadsPastIt) {
  // The sum reads the backbone's output beside the frozen activation of it.
  const Graph two = branched({{"act", ActivationOp{}}, {"sum", AddOp{}, true, {"base", "act"}}});
  EXPECT_EQ(cut_name(two), "pool") << "the branches have met";
  const Graph learns = branched({{"act", ActivationOp{}},
                                 {"conv", Conv2dOp{.filters = 512, .window = {.height = 1}}},
                                 {"sum", AddOp{}, true, {"base", "conv"}}});
  EXPECT_EQ(frozen_cut(learns), learns.layers[0].last) << "the sum behind the convolution reads the backbone";
}

TEST(FrozenCut, IsNotBehindABackboneWhoseInnerLayersAreRead) {
  const LayerSpec inner{"inner", GlobalAveragePoolOp{}, true, {"base.features.5"}};
  const Graph frozen = branched({{"deep", GlobalAveragePoolOp{}},
                                 inner,
                                 {"both", ConcatOp{}, true, {"deep", "inner"}},
                                 {"image", ReshapeOp{{640, 1, 1}}}});
  EXPECT_EQ(cut_name(frozen), "pool") << "the branches have met";
  const Graph learns = branched({{"deep", GlobalAveragePoolOp{}},
                                 inner,
                                 {"dense", DenseOp{.units = 512}},
                                 {"both", AddOp{}, true, {"deep", "dense"}},
                                 {"image", ReshapeOp{{512, 1, 1}}}});
  EXPECT_LE(frozen_cut(learns), find_node(learns, "base.features.5").value())
      << "what the inner layer reads must be known";
}

}  // namespace
}  // namespace svhn::model
