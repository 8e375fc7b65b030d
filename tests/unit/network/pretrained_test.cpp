#include "network/pretrained.h"

#include <unistd.h>

#include <filesystem>

#include "core/error.h"
#include "network/tensor_io.h"
#include "unit/network/small_network.h"

namespace svhn::network {
namespace {

using torch::Tensor;

model::BackboneSpec named(const std::string& name, const std::string& weights,
                          model::BackboneVariant variant) {
  model::BackboneSpec spec;
  spec.backbone = name;
  spec.weights = weights;
  spec.variant = variant;
  return spec;
}

class LoadBackboneWeights : public ::testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }

  /// Writes a network's tensors in the format of a published file.
  void publish(const model::BackboneSpec& spec, const Network& network, bool keras) {
    const model::Graph graph = model::backbone_graph(spec, {3, 32, 32});
    std::vector<NamedTensor> tensors;
    for (const model::Node& node : graph.nodes) {
      for (const model::TensorPlan& item : node.tensors) {
        const std::string suffix = item.name.substr(node.name.size());
        const Tensor& tensor = network.tensors()[tensors.size()].tensor;
        tensors.push_back({(keras ? node.name : node.torch) + suffix, tensor});
      }
    }
    write_tensors(path_, tensors, {});
  }

  /// @returns whether a network of another seed has the weights of the published one after loading them.
  bool loads(const model::BackboneSpec& spec, bool keras) {
    const Network published(any_graph({spec}, {3, 32, 32}), 1);
    publish(spec, published, keras);
    Network network(any_graph({spec}, {3, 32, 32}), 2);
    EXPECT_FALSE(same(network, published));
    load_backbone_weights(network);
    return same(network, published);
  }

  static bool same(const Network& a, const Network& b) {
    bool equal = a.tensors().size() == b.tensors().size();
    for (std::size_t i = 0; i < a.tensors().size() && equal; ++i)
      equal = at::equal(a.tensors()[i].tensor, b.tensors()[i].tensor);
    return equal;
  }

  std::string path_ =
      (std::filesystem::temp_directory_path() / ("svhn_backbone_" + std::to_string(::getpid()))).string();
};

std::string refusal(const model::BackboneSpec& spec, const std::string& hint) {
  Network network(any_graph({spec}, {3, 32, 32}), 1);
  const Network before(any_graph({spec}, {3, 32, 32}), 1);
  try {
    load_backbone_weights(network);
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::model);
    EXPECT_NE(error.hint().find(hint), std::string::npos) << error.hint();
    for (std::size_t i = 0; i < before.tensors().size(); ++i)
      EXPECT_TRUE(at::equal(network.tensors()[i].tensor, before.tensors()[i].tensor));
    return error.what();
  }
  return "";
}

TEST_F(LoadBackboneWeights, TakesKerasAndTorchvisionNames) {
  EXPECT_TRUE(loads(named("squeezenet1_1", path_, model::BackboneVariant::torch), false));
  EXPECT_TRUE(loads(named("densenet121", path_, model::BackboneVariant::torch), false));
  EXPECT_TRUE(loads(named("densenet121", path_, model::BackboneVariant::keras), true));
  EXPECT_TRUE(loads(named("nasnet_mobile", path_, model::BackboneVariant::keras), true));
}

TEST_F(LoadBackboneWeights, SaysWhereToGetThem) {
  EXPECT_EQ(refusal(named("vgg16", "", model::BackboneVariant::keras), "scripts/fetch_weights.sh vgg16"),
            "vgg16 has no weights");
  EXPECT_EQ(
      refusal(named("vgg16", "no/such.h5", model::BackboneVariant::keras), "scripts/fetch_weights.sh vgg16"),
      "vgg16: there is no weights file 'no/such.h5'");
  EXPECT_EQ(refusal(named("squeezenet1_1", "random", model::BackboneVariant::automatic), ""), "");
}

TEST_F(LoadBackboneWeights, ChangesNothingWhenAFileDoesNotFit) {
  const model::BackboneSpec small = named("squeezenet1_1", path_, model::BackboneVariant::torch);
  const Network network(any_graph({small}, {3, 32, 32}), 3);
  auto tensors = network.tensors();
  for (auto& item : tensors) item.name = item.name.substr(std::string("squeezenet1_1.").size());
  tensors.pop_back();
  write_tensors(path_, tensors, {});
  EXPECT_EQ(refusal(small, "svhn info"),
            "'" + path_ + "' does not fit squeezenet1_1: 1 missing (features.12.expand3x3.bias)");
}

TEST_F(LoadBackboneWeights, LoadsBesideOtherLayers) {
  const model::BackboneSpec spec = named("squeezenet1_1", path_, model::BackboneVariant::torch);
  const Network published(any_graph({spec}, {3, 32, 32}), 1);
  publish(spec, published, false);
  Network network(
      any_graph({model::ResizeOp{40, 40}, spec, model::FlattenOp{}, model::DenseOp{.units = 2}}, {3, 32, 32}),
      2);
  const Tensor head = tensor_of(network, "dense_1.weight").clone();
  load_backbone_weights(network);
  EXPECT_TRUE(
      at::equal(tensor_of(network, "squeezenet1_1.features.0.weight"), published.tensors()[0].tensor));
  EXPECT_TRUE(at::equal(tensor_of(network, "dense_1.weight"), head));
}

TEST_F(LoadBackboneWeights, FindsOutWhichVariantTheyAre) {
  const auto settled = [&](const model::BackboneSpec& spec) {
    model::ModelSpec model{{{"", spec}}};
    model::resolve_variants(model);
    return std::get<model::BackboneSpec>(model.layers[0].op).variant;
  };
  const model::BackboneSpec asked = named("densenet121", path_, model::BackboneVariant::automatic);
  EXPECT_EQ(settled(asked), model::BackboneVariant::keras);  // There is no file yet.
  for (const auto variant : {model::BackboneVariant::keras, model::BackboneVariant::torch}) {
    const model::BackboneSpec spec = named("densenet121", path_, variant);
    publish(spec, Network(any_graph({spec}, {3, 32, 32}), 1), variant == model::BackboneVariant::keras);
    EXPECT_EQ(settled(asked), variant);
    EXPECT_EQ(settled(named("densenet121", path_, model::BackboneVariant::keras)),
              model::BackboneVariant::keras);
  }
  EXPECT_EQ(settled(named("squeezenet1_1", "random", model::BackboneVariant::automatic)),
            model::BackboneVariant::torch);
}

}  // namespace
}  // namespace svhn::network
