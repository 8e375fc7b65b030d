#include "model/summary.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace svhn::model {
namespace {

NetworkPlan sample() {
  ModelSpec spec;
  spec.layers = {{"", Conv2dSpec{.filters = 8, .padding = Padding::same}},
                 {"", BatchNormSpec{}},
                 {"", FlattenSpec{}},
                 {"", DenseSpec{.units = 10, .activation = Activation::softmax}}};
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

}  // namespace
}  // namespace svhn::model
