#include "model/summary.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace svhn::model {
namespace {

Graph sample() {
  ModelSpec spec;
  spec.layers = {{"", Conv2dOp{.filters = 8, .window = {.height = 3, .pad = WindowPad::same}}},
                 {"", BatchNormOp{}},
                 {"", FlattenOp{}},
                 {"", DenseOp{.units = 10, .activation = Activation::softmax}}};
  spec.layers[0].trainable = false;
  return plan_network(spec, {1, 32, 32});
}

// By hand: 8*9+8 = 80 frozen; 4*8 = 32, half of it trainable; 8192*10+10 = 81,930.
TEST(SummaryText, ShowsLayersShapesAndCounts) {
  EXPECT_EQ(summary_text(sample(), "m"),
            "Model: m\n"
            "Layer (type)               Output shape  Parameters\n"
            "===================================================\n"
            "input                      [1,32,32]              0\n"
            "conv2d_1 (conv2d) frozen   [8,32,32]             80\n"
            "batch_norm_1 (batch_norm)  [8,32,32]             32\n"
            "flatten_1 (flatten)        [8192]                 0\n"
            "dense_1 (dense)            [10]              81,930\n"
            "===================================================\n"
            "Total parameters:         82,042\n"
            "Trainable parameters:     81,946\n"
            "Non-trainable parameters: 96\n");
}

TEST(SummaryJson, HoldsTheSameNumbers) {
  EXPECT_EQ(
      summary_json(sample()).dump(),
      R"({"parameters":{"total":82042,"trainable":81946,"non_trainable":96},"input":[1,32,32],"layers":[)"
      R"({"name":"conv2d_1","type":"conv2d","output_shape":[8,32,32],"parameters":80},)"
      R"({"name":"batch_norm_1","type":"batch_norm","output_shape":[8,32,32],"parameters":32},)"
      R"({"name":"flatten_1","type":"flatten","output_shape":[8192],"parameters":0},)"
      R"({"name":"dense_1","type":"dense","output_shape":[10],"parameters":81930}]})");
}

/// A residual block: by hand 3*4*9 + 4 = 112 and 4*4*9 + 4 = 148 parameters, 3*4 + 4 = 16 of the shortcut.
Graph block() {
  ModelSpec spec;
  const Window same{.height = 3, .pad = WindowPad::same};
  spec.layers = {{"a", Conv2dOp{.filters = 4, .window = same}},
                 {"b", Conv2dOp{.filters = 4, .window = same}, true, {"a"}},
                 {"short", Conv2dOp{.filters = 4, .window = {.height = 1}}, true, {"input"}},
                 {"sum", AddOp{Activation::relu}, true, {"b", "short"}},
                 {"pool", GlobalAveragePoolOp{}},
                 {"head", DenseOp{.units = 10}}};
  return plan_network(spec, {3, 8, 8});
}

TEST(SummaryText, ShowsWhatALayerReadsWhereThatIsNotTheLayerBefore) {
  EXPECT_EQ(summary_text(block(), "m"),
            "Model: m\n"
            "Layer (type)                Output shape  Parameters  Inputs\n"
            "====================================================\n"
            "input                       [3,8,8]                0\n"
            "a (conv2d)                  [4,8,8]              112\n"
            "b (conv2d)                  [4,8,8]              148\n"
            "short (conv2d)              [4,8,8]               16  input\n"
            "sum (add)                   [4,8,8]                0  b, short\n"
            "pool (global_average_pool)  [4]                    0\n"
            "head (dense)                [10]                  50\n"
            "====================================================\n"
            "Total parameters:         326\n"
            "Trainable parameters:     326\n"
            "Non-trainable parameters: 0\n");
}

TEST(SummaryJson, NamesTheInputsOfBranches) {
  const auto layers = summary_json(block())["layers"];
  EXPECT_EQ(layers[2].dump(),
            R"({"name":"short","type":"conv2d","output_shape":[4,8,8],"parameters":16,"inputs":["input"]})");
  EXPECT_EQ(layers[3]["inputs"].dump(), R"(["b","short"])");
  EXPECT_FALSE(layers[0].contains("inputs"));
  EXPECT_FALSE(layers[1].contains("inputs")) << "it reads the layer before it";
}

}  // namespace
}  // namespace svhn::model
