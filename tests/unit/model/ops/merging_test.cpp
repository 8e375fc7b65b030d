#include "model/ops/merging.h"

#include "unit/model/ops/infer.h"

namespace svhn::model {
namespace {

TEST(AddOp, KeepsTheShapeOfItsInputs) {
  EXPECT_EQ(output_of(AddOp{}, {{4, 3, 2}, {4, 3, 2}}), (Shape{4, 3, 2}));
  EXPECT_EQ(output_of(AddOp{Activation::relu}, {{7}, {7}, {7}}), Shape{7});
  EXPECT_EQ(op_refusal(AddOp{}, {{4, 3, 2}, {4, 3, 2}, {4, 2, 3}}),
            "cannot add inputs of different shapes: [4,3,2], [4,3,2], [4,2,3]");
  EXPECT_NE(op_refusal(AddOp{}, {{4, 1, 1}, {4}}), "");
}

TEST(ConcatOp, AddsUpChannelsOrFeatures) {
  EXPECT_EQ(output_of(ConcatOp{}, {{4, 3, 2}, {1, 3, 2}, {8, 3, 2}}), (Shape{13, 3, 2}));
  EXPECT_EQ(output_of(ConcatOp{}, {{4}, {9}}), Shape{13});
  EXPECT_EQ(op_refusal(ConcatOp{}, {{4, 3, 2}, {4, 3, 3}}),
            "cannot concatenate the channels of inputs of different sizes: [4,3,2], [4,3,3]");
  EXPECT_NE(op_refusal(ConcatOp{}, {{4, 1, 1}, {4}}), "");
  EXPECT_NE(op_refusal(ConcatOp{}, {{4}, {4, 1, 1}}), "");
}

}  // namespace
}  // namespace svhn::model
