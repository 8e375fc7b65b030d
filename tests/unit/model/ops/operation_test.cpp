#include "model/ops/operation.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace svhn::model {
namespace {

TEST(OpInfos, NameEveryOpOnce) {
  std::set<std::string_view> types;
  for (std::size_t i = 0; i < kOpInfos.size(); ++i) {
    EXPECT_TRUE(types.insert(kOpInfos[i].type).second) << kOpInfos[i].type;
    const Operation op = default_op(i);
    EXPECT_EQ(op.index(), i);
    EXPECT_EQ(type_name(op), kOpInfos[i].type);
    EXPECT_LE(kOpInfos[i].min_inputs, kOpInfos[i].max_inputs);
  }
  EXPECT_EQ(type_name(AddOp{}), "add");
  EXPECT_EQ(op_info(ConcatOp{}).min_inputs, 2U);
  EXPECT_EQ(op_info(Conv2dOp{}).max_inputs, 1U);
}

TEST(TakeActivation, RemovesTheActivationOfAnyOpThatHasOne) {
  for (Operation op : {Operation(DenseOp{}), Operation(Conv2dOp{}), Operation(DepthwiseConv2dOp{}),
                       Operation(SeparableConv2dOp{}), Operation(AddOp{}), Operation(ActivationOp{})}) {
    set_activation(op, Activation::mish);
    EXPECT_EQ(activation_of(op), Activation::mish) << type_name(op);
    EXPECT_EQ(take_activation(op), Activation::mish);
    EXPECT_EQ(activation_of(op), Activation::linear);
  }
  Operation flat = FlattenOp{};
  set_activation(flat, Activation::relu);
  EXPECT_EQ(take_activation(flat), Activation::linear);
}

}  // namespace
}  // namespace svhn::model
