#include "model/ops/normalization.h"

#include "unit/model/ops/infer.h"

namespace svhn::model {
namespace {

TEST(BatchNormOp, HasItsTensorsPerChannel) {
  const OpPlan plan = infer(BatchNormOp{}, {{4, 3, 2}});
  EXPECT_EQ(plan.output, (Shape{4, 3, 2}));
  EXPECT_EQ(tensors_text(plan), "weight[4] bias[4] running_mean[4] running_var[4]");
  EXPECT_EQ(plan.tensors[3].role, TensorRole::running_var);
  EXPECT_EQ(tensors_text(infer(BatchNormOp{.scale = false}, {{7}})),
            "bias[7] running_mean[7] running_var[7]");
  EXPECT_EQ(op_refusal(BatchNormOp{}, {{3, 3}}), "needs an image or a vector, but its input is [3,3]");
}

TEST(LayerNormOp, HasItsTensorsPerChannel) {
  const OpPlan plan = infer(LayerNormOp{}, {{4, 3, 2}});
  EXPECT_EQ(plan.output, (Shape{4, 3, 2}));
  EXPECT_EQ(tensors_text(plan), "weight[4] bias[4]");
  EXPECT_EQ(plan.tensors[0].role, TensorRole::gamma);
  EXPECT_EQ(plan.tensors[1].role, TensorRole::beta);
  EXPECT_EQ(output_of(LayerNormOp{}, {{7}}), Shape{7});
  EXPECT_NE(op_refusal(LayerNormOp{}, {{3, 3}}), "");
}

TEST(RescaleOp, KeepsAnyShape) {
  EXPECT_EQ(output_of(RescaleOp{2.0, 1.0}, {{3, 3}}), (Shape{3, 3}));
  EXPECT_TRUE(infer(RescaleOp{2.0, 1.0}, {{3, 3}}).tensors.empty());
}

TEST(NormalizeOp, TakesOneNumberOrOnePerChannel) {
  EXPECT_EQ(output_of(NormalizeOp{{0.5}, {2.0}}, {{3, 4, 5}}), (Shape{3, 4, 5}));
  EXPECT_EQ(output_of(NormalizeOp{{1, 2, 3}, {2.0}}, {{3, 4, 5}}), (Shape{3, 4, 5}));
  EXPECT_EQ(output_of(NormalizeOp{{0.5}, {1, 2, 3}}, {{3}}), Shape{3});
  EXPECT_EQ(op_refusal(NormalizeOp{{1, 2}, {1}}, {{3, 4, 5}}), "has 2 numbers for its input [3,4,5]");
  EXPECT_EQ(op_refusal(NormalizeOp{{1}, {1, 2, 3, 4}}, {{3}}), "has 4 numbers for its input [3]");
  EXPECT_NE(op_refusal(NormalizeOp{{1}, {1}}, {{3, 3}}), "");
}

}  // namespace
}  // namespace svhn::model
