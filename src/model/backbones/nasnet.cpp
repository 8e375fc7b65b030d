// Zoph et al. 2018, "Learning Transferable Architectures", NASNet-A (figure 4), as Keras builds it.
#include <utility>

#include "model/backbones/families.h"

namespace svhn::model {
namespace {

constexpr BatchNormOp kNasnetNorm{1e-3, 0.9997, true};

/// A cell takes the output of the cell before it, `x`, and of the one before that, `previous`.
struct Cell {
  GraphBuilder& g;
  std::int64_t filters;
  std::string id;  // Suffix of its layers' names.

  NodeId norm(NodeId x, const std::string& name) { return g.batch_norm(x, name + "_" + id, kNasnetNorm); }
  NodeId conv(NodeId x, const std::string& name, std::int64_t count) {
    return g.conv(x, name + "_" + id, {count, square(1)});
  }

  /// ReLU, separable convolution and batch norm, two times. @param branch "normal_left1" …
  NodeId separable(NodeId x, const std::string& branch, std::int64_t kernel, std::int64_t stride = 1) {
    for (const char* step : {"separable_conv_1", "separable_conv_2"}) {
      const std::string end = "_" + branch + "_" + id;
      // With stride 2, Keras' correct_pad and a valid window are TensorFlow's "same".
      x = g.separable(g.relu(x), step + end, filters, square(kernel, stride, WindowPad::same));
      x = g.batch_norm(x, std::string(step) + "_bn" + end, kNasnetNorm);
      stride = 1;
    }
    return x;
  }

  NodeId average(NodeId x, const std::string& name) {
    return g.average_pool(x, name + "_" + id, {square(3, 1, WindowPad::same)});
  }

  /// Halves height and width: even and odd pixels go through separate
  /// convolutions with half the filters each.
  NodeId adjust_by_halves(NodeId previous) {
    const NodeId p = g.relu(previous, "adjust_relu_1_" + id);
    NodeId a = g.average_pool(p, "adjust_avg_pool_1_" + id, {square(1, 2)});
    a = conv(a, "adjust_conv_1", filters / 2);
    NodeId b = g.add({}, ZeroPad2dOp{0, 1, 0, 1, false}, {p});
    b = g.add({}, Crop2dOp{1, 1}, {b});
    b = g.average_pool(b, "adjust_avg_pool_2_" + id, {square(1, 2)});
    b = conv(b, "adjust_conv_2", filters / 2);
    return norm(g.concat({a, b}, {}), "adjust_bn");
  }

  NodeId adjust(NodeId previous, NodeId x) {
    // As in Keras, the width alone decides.
    if (g.shape(previous)[2] != g.shape(x)[2]) return adjust_by_halves(previous);
    if (previous == x || g.channels(previous) == filters) return previous;
    return norm(conv(g.relu(previous), "adjust_conv_projection", filters), "adjust_bn");
  }

  NodeId normal(NodeId x, NodeId previous) {
    const NodeId p = adjust(previous, x);
    const NodeId h = norm(conv(g.relu(x), "normal_conv_1", filters), "normal_bn_1");
    const auto sum = [&](NodeId a, NodeId b, const char* number) {
      return g.sum(a, b, std::string("normal_add_") + number + "_" + id);
    };
    const NodeId left1 = separable(h, "normal_left1", 5);
    const NodeId x1 = sum(left1, separable(p, "normal_right1", 3), "1");
    const NodeId left2 = separable(p, "normal_left2", 5);
    const NodeId x2 = sum(left2, separable(p, "normal_right2", 3), "2");
    const NodeId x3 = sum(average(h, "normal_left3"), p, "3");
    const NodeId left4 = average(p, "normal_left4");  // Keras adds this average to itself.
    const NodeId x4 = sum(left4, left4, "4");
    const NodeId x5 = sum(separable(h, "normal_left5", 3), h, "5");
    return g.concat({p, x1, x2, x3, x4, x5}, "normal_concat_" + id);
  }

  NodeId reduction(NodeId x, NodeId previous) {
    const NodeId p = adjust(previous, x);
    const NodeId h = norm(conv(g.relu(x), "reduction_conv_1", filters), "reduction_bn_1");
    // Explicit zeros instead of "same" padding: the pools below count them.
    const NodeId h3 = g.add("reduction_pad_1_" + id, ZeroPad2dOp{1, 1, 1, 1, true}, {h});
    const NodeId a = separable(h, "reduction_left1", 5, 2);
    const NodeId x1 = g.sum(a, separable(p, "reduction_right1", 7, 2), "reduction_add_1_" + id);
    const NodeId b = g.max_pool(h3, "reduction_left2_" + id, square(3, 2));
    const NodeId x2 = g.sum(b, separable(p, "reduction_right2", 7, 2), "reduction_add_2_" + id);
    const NodeId c = g.average_pool(h3, "reduction_left3_" + id, {square(3, 2)});
    const NodeId x3 = g.sum(c, separable(p, "reduction_right3", 5, 2), "reduction_add3_" + id);
    const NodeId x4 = g.sum(x2, average(x1, "reduction_left4"), {});
    const NodeId d = separable(x1, "reduction_left4", 3);
    const NodeId x5 =
        g.sum(d, g.max_pool(h3, "reduction_right5_" + id, square(3, 2)), "reduction_add4_" + id);
    return g.concat({x2, x3, x4, x5}, "reduction_concat_" + id);
  }
};

struct Nasnet {
  GraphBuilder g;
  NodeId x = 0;
  NodeId previous = 0;

  void reduce(std::int64_t filters, const std::string& id) {
    const NodeId y = Cell{g, filters, id}.reduction(x, previous);
    previous = std::exchange(x, y);
  }
  void stage(int first, int blocks, std::int64_t filters) {
    for (int i = 0; i < blocks; ++i) {
      const NodeId y = Cell{g, filters, std::to_string(first + i)}.normal(x, previous);
      previous = std::exchange(x, y);
    }
  }
};

}  // namespace

Graph nasnet_graph(const Shape& input, const std::vector<int>& sizes, BackboneVariant) {
  const int blocks = sizes[0];
  const std::int64_t filters = sizes[2] / 24;
  const bool hides = sizes[3] == 1;
  Nasnet net{GraphBuilder(input)};
  net.x = net.g.conv(net.g.input(), "stem_conv1", {sizes[1], square(3, 2)});
  net.x = net.previous = net.g.batch_norm(net.x, "stem_bn1", kNasnetNorm);
  net.reduce(filters / 4, "stem_1");
  net.reduce(filters / 2, "stem_2");
  for (int stage = 0; stage < 3; ++stage) {
    if (stage > 0) {
      const NodeId before = net.previous;
      net.reduce(filters << stage, "reduce_" + std::to_string(stage * blocks));
      if (hides) net.previous = before;
    }
    net.stage(stage * blocks + (stage > 0 ? 1 : 0), blocks, filters << stage);
  }
  net.g.relu(net.x);
  return net.g.take();
}

}  // namespace svhn::model
