#include "model/ops/shape_ops.h"

#include "unit/model/ops/infer.h"

namespace svhn::model {
namespace {

TEST(ZeroPad2dOp, EnlargesAnImage) {
  EXPECT_EQ(output_of(ZeroPad2dOp{1, 2, 3, 4}, {{5, 6, 7}}), (Shape{5, 9, 14}));
  EXPECT_NE(op_refusal(ZeroPad2dOp{1, 1, 1, 1}, {{7}}), "");
}

// Keras' correct_pad for a 3x3 kernel: (0, 1) for even sides, (1, 1) for odd ones.
TEST(ZeroPad2dOp, TrimsEvenSides) {
  const ZeroPad2dOp pad{1, 1, 1, 1, true};
  EXPECT_EQ(output_of(pad, {{5, 6, 7}}), (Shape{5, 7, 9}));
  EXPECT_EQ(output_of(pad, {{5, 7, 6}}), (Shape{5, 9, 7}));
}

TEST(Crop2dOp, ShrinksAnImage) {
  EXPECT_EQ(output_of(Crop2dOp{.top = 1, .left = 3, .bottom = 2, .right = 1}, {{5, 6, 7}}), (Shape{5, 3, 3}));
  EXPECT_EQ(op_refusal(Crop2dOp{.top = 3, .bottom = 3}, {{5, 6, 7}}),
            "nothing would be left of its input [5,6,7]");
  EXPECT_NE(op_refusal(Crop2dOp{.top = 1}, {{7}}), "");
}

TEST(FlattenOp, CountsItsInput) {
  EXPECT_EQ(output_of(FlattenOp{}, {{2, 3, 4}}), Shape{24});
  EXPECT_EQ(output_of(FlattenOp{}, {{5}}), Shape{5});
}

}  // namespace
}  // namespace svhn::model
