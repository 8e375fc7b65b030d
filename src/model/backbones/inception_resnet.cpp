// Szegedy et al. 2017, Inception-ResNet-v2, with Keras' names: most layers are numbered, the blocks' last
// convolutions are named.
#include "model/backbones/families.h"

namespace svhn::model {
namespace {

constexpr BatchNormOp kInceptionNorm{1e-3, 0.99, false};

struct InceptionResnet {
  GraphBuilder g;
  int count = 0;

  NodeId conv(NodeId x, std::int64_t filters, const Window& window) {
    const std::string number = std::to_string(++count);
    x = g.conv(x, "conv2d_" + number, {filters, window});
    x = g.batch_norm(x, "batch_normalization_" + number, kInceptionNorm);
    return g.relu(x, "activation_" + number);
  }
  NodeId conv(NodeId x, std::int64_t filters, std::int64_t height, std::int64_t width) {
    return conv(x, filters, Window{height, width, 1, WindowPad::same, false});
  }
  NodeId conv(NodeId x, std::int64_t filters, std::int64_t side) { return conv(x, filters, side, side); }
  NodeId reduce(NodeId x, std::int64_t filters) { return conv(x, filters, square(3, 2)); }

  NodeId stem(NodeId x) {
    x = conv(reduce(x, 32), 32, square(3));
    x = g.max_pool(conv(x, 64, 3), {}, square(3, 2));
    x = conv(conv(x, 80, 1), 192, square(3));
    return g.max_pool(x, {}, square(3, 2));
  }

  NodeId mixed_5b(NodeId x) {
    const NodeId a = conv(x, 96, 1);
    const NodeId b = conv(conv(x, 48, 1), 64, 5);
    const NodeId c = conv(conv(conv(x, 64, 1), 96, 3), 96, 3);
    const NodeId d = conv(g.average_pool(x, {}, {square(3, 1, WindowPad::same)}), 64, 1);
    return g.concat({a, b, c, d}, "mixed_5b");
  }

  NodeId mixed_6a(NodeId x) {
    const NodeId a = reduce(x, 384);
    const NodeId b = reduce(conv(conv(x, 256, 1), 256, 3), 384);
    return g.concat({a, b, g.max_pool(x, {}, square(3, 2))}, "mixed_6a");
  }

  NodeId mixed_7a(NodeId x) {
    const NodeId a = reduce(conv(x, 256, 1), 384);
    const NodeId b = reduce(conv(x, 256, 1), 288);
    const NodeId c = reduce(conv(conv(x, 256, 1), 288, 3), 320);
    return g.concat({a, b, c, g.max_pool(x, {}, square(3, 2))}, "mixed_7a");
  }

  /// Projects the concatenated branches to x's channels and adds them, scaled, to x.
  NodeId residual(NodeId x, std::vector<NodeId> branches, const std::string& name, double scale,
                  bool active) {
    NodeId up = g.concat(std::move(branches), name + "_mixed");
    up = g.conv(up, name + "_conv", {g.channels(x), square(1), true});
    x = g.sum(x, up, {}, scale);
    return active ? g.relu(x, name + "_ac") : x;
  }

  NodeId block35(NodeId x, int i) {
    const NodeId a = conv(x, 32, 1);
    const NodeId b = conv(conv(x, 32, 1), 32, 3);
    const NodeId c = conv(conv(conv(x, 32, 1), 48, 3), 64, 3);
    return residual(x, {a, b, c}, "block35_" + std::to_string(i), 0.17, true);
  }

  NodeId block17(NodeId x, int i) {
    const NodeId a = conv(x, 192, 1);
    const NodeId b = conv(conv(conv(x, 128, 1), 160, 1, 7), 192, 7, 1);
    return residual(x, {a, b}, "block17_" + std::to_string(i), 0.1, true);
  }

  NodeId block8(NodeId x, int i) {
    const NodeId a = conv(x, 192, 1);
    const NodeId b = conv(conv(conv(x, 192, 1), 224, 1, 3), 256, 3, 1);
    const bool last = i == 10;
    return residual(x, {a, b}, "block8_" + std::to_string(i), last ? 1.0 : 0.2, !last);
  }
};

}  // namespace

Graph inception_resnet_graph(const Shape& input, const std::vector<int>&, BackboneVariant) {
  InceptionResnet net{GraphBuilder(input)};
  NodeId x = net.mixed_5b(net.stem(net.g.input()));
  for (int i = 1; i <= 10; ++i) x = net.block35(x, i);
  x = net.mixed_6a(x);
  for (int i = 1; i <= 20; ++i) x = net.block17(x, i);
  x = net.mixed_7a(x);
  for (int i = 1; i <= 10; ++i) x = net.block8(x, i);
  x = net.g.conv(x, "conv_7b", {1536, square(1)});
  net.g.relu(net.g.batch_norm(x, "conv_7b_bn", kInceptionNorm), "conv_7b_ac");
  return net.g.take();
}

}  // namespace svhn::model
