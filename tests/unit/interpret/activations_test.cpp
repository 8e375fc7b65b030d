#include "interpret/activations.h"

#include "core/error.h"
#include "unit/network/small_network.h"

namespace svhn::interpret {
namespace {

using model::Activation;
using model::NetworkPlan;
using model::Shape;

NetworkPlan small_plan() {
  return network::any_plan(
      {model::Conv2dSpec{.filters = 4}, model::MaxPool2dSpec{}, model::FlattenSpec{},
       model::DenseSpec{.units = 6}, model::DenseSpec{.units = 10, .activation = Activation::softmax}},
      {1, 8, 8});
}

/// The layers of configs/q2_1.json.
NetworkPlan question_2() {
  std::vector<model::LayerKind> kinds;
  for (const std::int64_t filters : {32, 64, 128}) {
    const model::Conv2dSpec conv{
        .filters = filters, .padding = model::Padding::same, .activation = Activation::selu};
    kinds.insert(kinds.end(), {conv, model::BatchNormSpec{}, conv, model::BatchNormSpec{},
                               model::MaxPool2dSpec{}, model::DropoutSpec{0.2}});
  }
  kinds.insert(kinds.end(),
               {model::FlattenSpec{}, model::DenseSpec{.units = 128, .activation = Activation::selu},
                model::BatchNormSpec{}, model::DropoutSpec{0.5},
                model::DenseSpec{.units = 10, .activation = Activation::softmax}});
  return network::any_plan(kinds, {1, 32, 32});
}

std::vector<std::size_t> indices_of(const std::vector<LayerChoice>& layers) {
  std::vector<std::size_t> indices;
  for (const LayerChoice& layer : layers) indices.push_back(layer.index);
  return indices;
}

TEST(FindLayer, TakesNamesNumbersTypesAndOutput) {
  const NetworkPlan plan = small_plan();
  EXPECT_EQ(find_layer(plan, "dense_1").index, 3U);
  EXPECT_EQ(find_layer(plan, "1").name, "max_pool2d_1");
  EXPECT_EQ(find_layer(plan, "flatten").name, "flatten_1");
  EXPECT_EQ(find_layer(plan, "conv2d_1").shape, (Shape{4, 6, 6}));
  EXPECT_EQ(find_layer(plan, "output").index, 4U);
}

TEST(FindLayer, ReadsTheLastLayerAfterItsSoftmax) {
  const NetworkPlan plan = small_plan();
  EXPECT_TRUE(find_layer(plan, "output").softmax);
  EXPECT_TRUE(find_layer(plan, "dense_2").softmax);
  EXPECT_FALSE(find_layer(plan, "dense_1").softmax);
}

TEST(FindLayer, RefusesWhatIsNotThere) {
  const NetworkPlan plan = small_plan();
  const auto refusal = [&](const std::string& text) {
    try {
      find_layer(plan, text);
    } catch (const core::Error& error) {
      EXPECT_EQ(error.code(), core::ExitCode::usage);
      return std::string(error.what()) + "|" + error.hint();
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refusal("dens_1"), "the model has no layer 'dens_1'|did you mean 'dense_1'?");
  EXPECT_TRUE(refusal("5").starts_with("the model has no layer '5'|"));
  EXPECT_TRUE(refusal("-1").starts_with("the model has no layer '-1'|"));
  EXPECT_TRUE(refusal("dense").starts_with("the model has no layer 'dense'|"));  // There are two.
  EXPECT_TRUE(refusal("99999999999999999999").starts_with("the model has no layer"));
}

TEST(DefaultLayers, AreTheNotebooksForItsNetwork) {
  const NetworkPlan plan = question_2();
  EXPECT_EQ(indices_of(default_activation_layers(plan)), (std::vector<std::size_t>{0, 5, 6, 8, 10}));
  EXPECT_EQ(default_embedding_layer(plan).name, "flatten_1");
  EXPECT_EQ(default_embedding_layer(plan).shape, Shape{2048});
}

TEST(DefaultLayers, AreConvolutionsAndPoolingsElsewhere) {
  EXPECT_EQ(indices_of(default_activation_layers(small_plan())), (std::vector<std::size_t>{0, 1}));
  std::vector<model::LayerKind> many(20, model::Conv2dSpec{.filters = 2, .padding = model::Padding::same});
  const auto spread = indices_of(default_activation_layers(network::any_plan(many, {1, 8, 8})));
  EXPECT_EQ(spread, (std::vector<std::size_t>{0, 2, 5, 8, 10, 13, 16, 19}));
}

TEST(DefaultLayers, AreDenseOnesWithoutConvolutions) {
  const NetworkPlan plan = network::any_plan({model::FlattenSpec{}, model::DenseSpec{.units = 8},
                                              model::BatchNormSpec{}, model::DenseSpec{.units = 10}},
                                             {1, 4, 4});
  EXPECT_EQ(indices_of(default_activation_layers(plan)), (std::vector<std::size_t>{1, 3}));
  EXPECT_EQ(default_embedding_layer(plan).name, "batch_norm_1");
}

}  // namespace
}  // namespace svhn::interpret
