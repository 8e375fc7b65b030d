#include "interpret/activations.h"

#include "core/error.h"
#include "unit/network/branched.h"

namespace svhn::interpret {
namespace {

using model::Activation;
using model::Graph;
using model::Shape;

Graph small_graph() {
  return network::any_graph(
      {model::Conv2dOp{.filters = 4}, model::MaxPool2dOp{}, model::FlattenOp{}, model::DenseOp{.units = 6},
       model::DenseOp{.units = 10, .activation = Activation::softmax}},
      {1, 8, 8});
}

/// The layers of configs/q2_1.json.
Graph question_2() {
  std::vector<model::Operation> ops;
  for (const std::int64_t filters : {32, 64, 128}) {
    const model::Conv2dOp conv{.filters = filters,
                               .window = {.height = 3, .pad = model::WindowPad::same},
                               .activation = Activation::selu};
    ops.insert(ops.end(), {conv, model::BatchNormOp{}, conv, model::BatchNormOp{}, model::MaxPool2dOp{},
                           model::DropoutOp{0.2}});
  }
  ops.insert(ops.end(), {model::FlattenOp{}, model::DenseOp{.units = 128, .activation = Activation::selu},
                         model::BatchNormOp{}, model::DropoutOp{0.5},
                         model::DenseOp{.units = 10, .activation = Activation::softmax}});
  return network::any_graph(ops, {1, 32, 32});
}

std::vector<std::size_t> indices_of(const std::vector<LayerChoice>& layers) {
  std::vector<std::size_t> indices;
  for (const LayerChoice& layer : layers) indices.push_back(layer.index);
  return indices;
}

TEST(FindLayer, TakesNamesNumbersTypesAndOutput) {
  const Graph graph = small_graph();
  EXPECT_EQ(find_layer(graph, "dense_1").index, 3U);
  EXPECT_EQ(find_layer(graph, "1").name, "max_pool2d_1");
  EXPECT_EQ(find_layer(graph, "flatten").name, "flatten_1");
  EXPECT_EQ(find_layer(graph, "conv2d_1").shape, (Shape{4, 6, 6}));
  EXPECT_EQ(find_layer(graph, "output").index, 4U);
}

TEST(FindLayer, ReadsTheLastLayerAfterItsSoftmax) {
  const Graph graph = small_graph();
  EXPECT_TRUE(find_layer(graph, "output").softmax);
  EXPECT_TRUE(find_layer(graph, "dense_2").softmax);
  EXPECT_FALSE(find_layer(graph, "dense_1").softmax);
}

TEST(FindLayer, RefusesWhatIsNotThere) {
  const Graph graph = small_graph();
  const auto refusal = [&](const std::string& text) {
    try {
      find_layer(graph, text);
    } catch (const core::Error& error) {
      EXPECT_EQ(error.code(), core::ExitCode::usage);
      return std::string(error.what()) + "|" + error.hint();
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refusal("dens_1"), "the model has no layer 'dens_1'|did you mean 'dense_1'?");
  EXPECT_EQ(refusal("input"),
            "the model has no layer 'input'|'svhn info' lists its 5 layers; the first has the "
            "number 0");
  EXPECT_TRUE(refusal("5").starts_with("the model has no layer '5'|"));
  EXPECT_TRUE(refusal("-1").starts_with("the model has no layer '-1'|"));
  EXPECT_TRUE(refusal("dense").starts_with("the model has no layer 'dense'|"));  // There are two.
  EXPECT_TRUE(refusal("99999999999999999999").starts_with("the model has no layer"));
}

Graph squeezenet() {
  model::BackboneSpec backbone;
  backbone.backbone = "squeezenet1_1";
  backbone.weights = "random";
  return network::any_graph({backbone, model::GlobalAveragePoolOp{}, model::DenseOp{.units = 10}},
                            {3, 32, 32});
}

TEST(FindLayer, TakesNodesInsideBackbones) {
  const Graph graph = squeezenet();
  for (const char* name : {"features.3.squeeze", "squeezenet1_1.features.3.squeeze"}) {
    const LayerChoice inner = find_layer(graph, name);
    EXPECT_EQ(inner.name, "squeezenet1_1.features.3.squeeze");
    EXPECT_EQ(inner.index, 0U);
    EXPECT_EQ(graph.nodes[inner.node].name, inner.name);
    EXPECT_EQ(inner.shape, (Shape{16, 7, 7}));  // torchvision: 16 channels; 32 -> 15 -> 7.
    EXPECT_FALSE(inner.softmax);
  }
  EXPECT_EQ(find_layer(graph, "squeezenet1_1").node, graph.layers[0].last);
  try {
    find_layer(graph, "squeezenet1_1.features.3.sqeeze");
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_EQ(error.hint(), "did you mean 'squeezenet1_1.features.3.squeeze'?");
  }
}

TEST(LayerOutputs, AreThoseOfThePassUpToANode) {
  const torch::NoGradGuard no_grad;
  const std::vector<std::pair<Graph, std::vector<std::string>>> networks{
      {squeezenet(), {"features.3.squeeze", "squeezenet1_1", "output"}},
      {model::plan_network(network::config_model("preact_resnet16"), {3, 32, 32}),
       {"stage2_block1_act", "stage2_block1_shortcut", "batch_norm_4", "stage3_block2", "output"}}};
  for (const auto& [graph, names] : networks) {
    network::Network network(graph, 1);
    network::fill_vectors(network);
    const torch::Tensor x = network::branched_images(2);
    std::vector<LayerChoice> layers;
    for (const std::string& name : names) layers.push_back(find_layer(graph, name));
    const std::vector<torch::Tensor> outputs = layer_outputs(network, x, layers);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      torch::Tensor expected = network.forward(x, {.until = layers[i].node});
      if (layers[i].softmax) expected = at::softmax(expected, 1);
      EXPECT_EQ(outputs[i].sizes().slice(1).vec(), layers[i].shape);
      EXPECT_LE(network::relative_difference(outputs[i], expected), 1e-5) << names[i];
    }
  }
}

TEST(DefaultLayers, AreTheNotebooksForItsNetwork) {
  const Graph graph = question_2();
  EXPECT_EQ(indices_of(default_activation_layers(graph)), (std::vector<std::size_t>{0, 5, 6, 8, 10}));
  EXPECT_EQ(default_embedding_layer(graph).name, "flatten_1");
  EXPECT_EQ(default_embedding_layer(graph).shape, Shape{2048});
}

TEST(DefaultLayers, AreConvolutionsAndPoolingsElsewhere) {
  EXPECT_EQ(indices_of(default_activation_layers(small_graph())), (std::vector<std::size_t>{0, 1}));
  std::vector<model::Operation> many(
      20, model::Conv2dOp{.filters = 2, .window = {.height = 3, .pad = model::WindowPad::same}});
  const auto spread = indices_of(default_activation_layers(network::any_graph(many, {1, 8, 8})));
  EXPECT_EQ(spread, (std::vector<std::size_t>{0, 2, 5, 8, 10, 13, 16, 19}));
}

TEST(DefaultLayers, AreThereInNetworksWithBranches) {
  const Graph graph = model::plan_network(network::config_model("preact_resnet16"), {3, 32, 32});
  const auto layers = default_activation_layers(graph);
  ASSERT_EQ(layers.size(), 8U);
  EXPECT_EQ(layers.front().name, "stem");
  EXPECT_EQ(layers.back().name, "stage3_block2_conv");
  EXPECT_EQ(default_embedding_layer(graph).name, "global_average_pool_1");
  EXPECT_EQ(default_embedding_layer(graph).shape, Shape{64});
}

TEST(DefaultLayers, AreDenseOnesWithoutConvolutions) {
  const Graph graph = network::any_graph(
      {model::FlattenOp{}, model::DenseOp{.units = 8}, model::BatchNormOp{}, model::DenseOp{.units = 10}},
      {1, 4, 4});
  EXPECT_EQ(indices_of(default_activation_layers(graph)), (std::vector<std::size_t>{1, 3}));
  EXPECT_EQ(default_embedding_layer(graph).name, "batch_norm_1");
}

}  // namespace
}  // namespace svhn::interpret
