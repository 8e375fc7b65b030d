#include "model/keras/classes.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "model/plan.h"

namespace svhn::model {
namespace {

/// Two inputs, `outputs` outputs. Row o of the kernel is (o, 100 + o), the bias -o.
KerasModel model_of(std::int64_t outputs, const std::vector<LayerSpec>& behind) {
  KerasModel model;
  model.input = {2, 1, 1};
  model.output = {outputs};
  model.spec.layers = {{"flat", FlattenOp{}}, {"out", DenseOp{.units = outputs}}};
  model.spec.layers.insert(model.spec.layers.end(), behind.begin(), behind.end());
  WeightArray kernel{"out.weight", {outputs, 2}, {}}, bias{"out.bias", {outputs}, {}};
  for (std::int64_t o = 0; o < outputs; ++o) {
    const auto number = static_cast<float>(o);
    kernel.values.insert(kernel.values.end(), {number, 100.0F + number});
    bias.values.push_back(-number);
  }
  model.arrays = {kernel, bias};
  return model;
}

/// @returns which output of the file each class is, from a bias.
std::vector<int> outputs_of(const KerasModel& model) {
  std::vector<int> outputs;
  for (const float value : model.arrays[1].values) outputs.push_back(static_cast<int>(-value));
  return outputs;
}

const std::vector<int> kDigits{1, 2, 3, 4, 5, 6, 7, 8, 9, 0};

TEST(OrderClasses, MovesTheRowsOfTheLastDenseLayer) {
  for (const auto& behind :
       {std::vector<LayerSpec>{}, {{"leaky", LeakyReluOp{}}, {"soft", ActivationOp{Activation::softmax}}}}) {
    KerasModel model = model_of(10, behind);
    order_classes(model, ClassOrder::digit, "m.h5");
    EXPECT_EQ(outputs_of(model), kDigits);
    EXPECT_EQ(model.arrays[0].values[2], 2.0F);
    EXPECT_EQ(model.arrays[0].values[3], 102.0F);
    EXPECT_EQ(model.spec.layers.size(), 2 + behind.size());
  }
}

TEST(OrderClasses, LeavesTheOrderThatIsRight) {
  for (const ClassOrder order : {ClassOrder::index, ClassOrder::svhn}) {
    KerasModel model = model_of(10, {});
    order_classes(model, order, "m.h5");
    EXPECT_EQ(outputs_of(model), (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  }
}

TEST(OrderClasses, LeavesOutTheUnusedOutputOfElevenLabels) {
  KerasModel model = model_of(11, {});
  EXPECT_EQ(assumed_class_order(model), ClassOrder::svhn);
  EXPECT_EQ(assumed_class_order(model_of(10, {})), ClassOrder::index);
  order_classes(model, ClassOrder::svhn, "m.h5");
  EXPECT_EQ(outputs_of(model), (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  EXPECT_EQ(model.arrays[0].shape, (Shape{10, 2}));
  EXPECT_EQ(model.output, Shape{10});
  EXPECT_EQ(plan_network(model.spec, model.input).output(), Shape{10});
}

TEST(OrderClasses, AddsALayerWhereNoDenseLayerIsLast) {
  KerasModel model = model_of(10, {{"bn", BatchNormOp{}}, {"soft", ActivationOp{Activation::softmax}}});
  order_classes(model, ClassOrder::digit, "m.h5");
  EXPECT_EQ(outputs_of(model), (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  ASSERT_EQ(model.spec.layers.size(), 4U);
  const LayerSpec& last = model.spec.layers.back();
  EXPECT_EQ(last.name, "class_order");
  EXPECT_EQ(std::get<DenseOp>(last.op).activation, Activation::softmax);
  const WeightArray& ones = model.arrays.back();
  EXPECT_EQ(ones.name, "class_order.weight");
  for (std::size_t i = 0; i < 100; ++i)
    EXPECT_EQ(ones.values[i], static_cast<int>(i % 10) == kDigits[i / 10] ? 1.0F : 0.0F);
  EXPECT_EQ(plan_network(model.spec, model.input).output(), Shape{10});
}

TEST(OrderClasses, RefusesOtherOutputs) {
  for (const auto& [outputs, order] :
       {std::pair(9, ClassOrder::index), {11, ClassOrder::digit}, {12, ClassOrder::svhn}}) {
    KerasModel model = model_of(outputs, {});
    try {
      order_classes(model, order, "m.h5");
      FAIL();
    } catch (const core::Error& error) {
      EXPECT_EQ(error.code(), core::ExitCode::model);
      EXPECT_EQ(std::string(error.what()),
                "'m.h5': its output is [" + std::to_string(outputs) + "], but digits have 10 classes");
    }
  }
}

}  // namespace
}  // namespace svhn::model
