#include "model/keras/value.h"

#include <gtest/gtest.h>

#include <numeric>

namespace svhn::model {
namespace {

WeightArray numbered(const Shape& shape) {
  WeightArray array{"a", shape, std::vector<float>(static_cast<std::size_t>(element_count(shape)))};
  std::iota(array.values.begin(), array.values.end(), 0.0F);
  return array;
}

TEST(KerasValue, ReordersRowsOfFlattenedImages) {
  // An image of 1x2 pixels and 2 channels: Keras' p0c0 p0c1 p1c0 p1c1 become p0c0 p1c0 p0c1 p1c1.
  WeightArray array = numbered({2, 4});
  reorder_last(array, flattened_order({1, 2, 2}));
  EXPECT_EQ(array.values, (std::vector<float>{0, 2, 1, 3, 4, 6, 5, 7}));
}

TEST(KerasValue, ReordersEachPartOfConcatenatedVectors) {
  // [1,2,2], three plain numbers, [2,1,2]: elements 0-3, 4-6, 7-10.
  const ElementOrder order =
      joined_orders({flattened_order({1, 2, 2}), flattened_order({3}), flattened_order({2, 1, 2})});
  EXPECT_EQ(order, (ElementOrder{{1, 2, 2}, {1, 1, 3}, {2, 1, 2}}));
  WeightArray array = numbered({11});
  reorder_last(array, order);
  EXPECT_EQ(array.values, (std::vector<float>{0, 2, 1, 3, 4, 5, 6, 7, 9, 8, 10}));
}

TEST(KerasValue, JoinsPartsWhoseOrderIsTheSame) {
  // One channel, one pixel, a vector: nothing moves.
  EXPECT_EQ(joined_orders({flattened_order({4, 5, 1}), flattened_order({1, 1, 6}), flattened_order({7})}),
            (ElementOrder{{1, 1, 33}}));
  WeightArray array = numbered({33});
  const std::vector<float> before = array.values;
  reorder_last(array, {{1, 1, 33}});
  EXPECT_EQ(array.values, before);
}

TEST(KerasValue, MovesChannelsToTheFront) {
  WeightArray array = numbered({2, 1, 3});
  channels_first(array);
  EXPECT_EQ(array.shape, (Shape{3, 2, 1}));
  EXPECT_EQ(array.values, (std::vector<float>{0, 3, 1, 4, 2, 5}));
}

TEST(KerasValue, KnowsWhatMayBeReshaped) {
  const KerasValue image = value_here("a", {3, 4, 4});
  EXPECT_EQ(image.shape, (Shape{4, 4, 3}));
  EXPECT_TRUE(can_reshape(image, {48}));
  EXPECT_TRUE(can_reshape(image, {2, 8, 3}));
  EXPECT_FALSE(can_reshape(image, {4, 2, 6}));
  EXPECT_FALSE(can_reshape(image, {6, 8}));
  const KerasValue vector{"b", {48}, {48}, flattened_order({4, 4, 3})};
  EXPECT_TRUE(can_reshape(vector, {4, 4, 3}));
  EXPECT_FALSE(can_reshape(vector, {48, 1, 1}));
  const KerasValue plain = value_here("c", {48});
  EXPECT_TRUE(can_reshape(plain, {6, 8}));
  EXPECT_TRUE(can_reshape(plain, {6, 8, 1}));
  EXPECT_TRUE(can_reshape(plain, {1, 1, 48}));
  EXPECT_FALSE(can_reshape(plain, {4, 4, 3}));
}

}  // namespace
}  // namespace svhn::model
