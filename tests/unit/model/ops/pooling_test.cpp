#include "model/ops/pooling.h"

#include "unit/model/ops/infer.h"

namespace svhn::model {
namespace {

TEST(MaxPool2dOp, TakesItsSizeAsStrideAndHeightAsWidth) {
  EXPECT_EQ(output_of(MaxPool2dOp{}, {{4, 7, 8}}), (Shape{4, 3, 4}));
  EXPECT_EQ(output_of(MaxPool2dOp{{.height = 2, .width = 4, .stride = 2}}, {{4, 7, 8}}), (Shape{4, 3, 3}));
  EXPECT_EQ(output_of(MaxPool2dOp{{.height = 3, .stride = 2, .pad = WindowPad::half}}, {{4, 8, 8}}),
            (Shape{4, 4, 4}));
  EXPECT_NE(op_refusal(MaxPool2dOp{}, {{7}}), "");
  EXPECT_TRUE(infer(MaxPool2dOp{}, {{4, 7, 8}}).tensors.empty());
}

TEST(AveragePool2dOp, FollowsTheSameRule) {
  EXPECT_EQ(output_of(AveragePool2dOp{}, {{4, 7, 8}}), (Shape{4, 3, 4}));
  EXPECT_EQ(output_of(AveragePool2dOp{{.height = 3, .stride = 2, .pad = WindowPad::same}}, {{4, 7, 8}}),
            (Shape{4, 4, 4}));
}

TEST(GlobalPools, GiveOneNumberPerChannel) {
  EXPECT_EQ(output_of(GlobalAveragePoolOp{}, {{4, 7, 8}}), Shape{4});
  EXPECT_EQ(output_of(GlobalMaxPoolOp{}, {{4, 7, 8}}), Shape{4});
  EXPECT_EQ(op_refusal(GlobalMaxPoolOp{}, {{7}}),
            "needs an image [channels,height,width], but its input is [7]");
}

}  // namespace
}  // namespace svhn::model
