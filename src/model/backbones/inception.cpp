// Szegedy et al. 2016, "Rethinking the Inception Architecture", Inception V3. Keras' batch norms
// have no scale and its average pools exclude the padding; torchvision's batch norms have one
// and its pools count the padding.
#include "model/backbones/families.h"

namespace svhn::model {
namespace {

constexpr WindowPad kValid = WindowPad::valid;

struct Inception {
  GraphBuilder g;
  bool torch;
  int count = 0;  // Keras numbers convolutions and batch norms in order of creation.

  NodeId conv(NodeId x, const std::string& torch_name, std::int64_t filters, Window window) {
    const std::string number = std::to_string(++count);
    x = g.conv(x, {"conv2d_" + number, torch_name + ".conv"}, {filters, window});
    const BatchNormOp norm{1e-3, torch ? 0.9 : 0.99, torch};
    x = g.batch_norm(x, {"batch_normalization_" + number, torch_name + ".bn"}, norm);
    return g.relu(x, "activation_" + number);
  }
  NodeId conv(NodeId x, const std::string& torch_name, std::int64_t filters, std::int64_t height,
              std::int64_t width) {
    return conv(x, torch_name, filters, Window{height, width, 1, WindowPad::same, false});
  }

  NodeId pool_branch(NodeId x, const std::string& block, std::int64_t filters) {
    x = g.average_pool(x, {}, {square(3, 1, WindowPad::same), torch});
    return conv(x, block + ".branch_pool", filters, 1, 1);
  }

  NodeId stem(NodeId x) {
    x = conv(x, "Conv2d_1a_3x3", 32, square(3, 2, kValid));
    x = conv(x, "Conv2d_2a_3x3", 32, square(3, 1, kValid));
    x = conv(x, "Conv2d_2b_3x3", 64, 3, 3);
    x = g.max_pool(x, {}, square(3, 2));
    x = conv(x, "Conv2d_3b_1x1", 80, 1, 1);
    x = conv(x, "Conv2d_4a_3x3", 192, square(3, 1, kValid));
    return g.max_pool(x, {}, square(3, 2));
  }

  NodeId block_a(NodeId x, const Label& label, std::int64_t pool_filters) {
    const std::string& t = label.torch;
    const NodeId a = conv(x, t + ".branch1x1", 64, 1, 1);
    NodeId b = conv(x, t + ".branch5x5_1", 48, 1, 1);
    b = conv(b, t + ".branch5x5_2", 64, 5, 5);
    NodeId c = conv(x, t + ".branch3x3dbl_1", 64, 1, 1);
    c = conv(c, t + ".branch3x3dbl_2", 96, 3, 3);
    c = conv(c, t + ".branch3x3dbl_3", 96, 3, 3);
    return g.concat({a, b, c, pool_branch(x, t, pool_filters)}, label);
  }

  NodeId block_b(NodeId x, const Label& label) {
    const std::string& t = label.torch;
    const NodeId a = conv(x, t + ".branch3x3", 384, square(3, 2, kValid));
    NodeId b = conv(x, t + ".branch3x3dbl_1", 64, 1, 1);
    b = conv(b, t + ".branch3x3dbl_2", 96, 3, 3);
    b = conv(b, t + ".branch3x3dbl_3", 96, square(3, 2, kValid));
    return g.concat({a, b, g.max_pool(x, {}, square(3, 2))}, label);
  }

  NodeId block_c(NodeId x, const Label& label, std::int64_t filters) {
    const std::string& t = label.torch;
    const NodeId a = conv(x, t + ".branch1x1", 192, 1, 1);
    NodeId b = conv(x, t + ".branch7x7_1", filters, 1, 1);
    b = conv(b, t + ".branch7x7_2", filters, 1, 7);
    b = conv(b, t + ".branch7x7_3", 192, 7, 1);
    NodeId c = conv(x, t + ".branch7x7dbl_1", filters, 1, 1);
    c = conv(c, t + ".branch7x7dbl_2", filters, 7, 1);
    c = conv(c, t + ".branch7x7dbl_3", filters, 1, 7);
    c = conv(c, t + ".branch7x7dbl_4", filters, 7, 1);
    c = conv(c, t + ".branch7x7dbl_5", 192, 1, 7);
    return g.concat({a, b, c, pool_branch(x, t, 192)}, label);
  }

  NodeId block_d(NodeId x, const Label& label) {
    const std::string& t = label.torch;
    NodeId a = conv(x, t + ".branch3x3_1", 192, 1, 1);
    a = conv(a, t + ".branch3x3_2", 320, square(3, 2, kValid));
    NodeId b = conv(x, t + ".branch7x7x3_1", 192, 1, 1);
    b = conv(b, t + ".branch7x7x3_2", 192, 1, 7);
    b = conv(b, t + ".branch7x7x3_3", 192, 7, 1);
    b = conv(b, t + ".branch7x7x3_4", 192, square(3, 2, kValid));
    return g.concat({a, b, g.max_pool(x, {}, square(3, 2))}, label);
  }

  NodeId block_e(NodeId x, const Label& label) {
    const std::string& t = label.torch;
    const NodeId a = conv(x, t + ".branch1x1", 320, 1, 1);
    const NodeId b = conv(x, t + ".branch3x3_1", 384, 1, 1);
    const NodeId b1 = conv(b, t + ".branch3x3_2a", 384, 1, 3);
    const NodeId b2 = conv(b, t + ".branch3x3_2b", 384, 3, 1);
    NodeId c = conv(x, t + ".branch3x3dbl_1", 448, 1, 1);
    c = conv(c, t + ".branch3x3dbl_2", 384, 3, 3);
    const NodeId c1 = conv(c, t + ".branch3x3dbl_3a", 384, 1, 3);
    const NodeId c2 = conv(c, t + ".branch3x3dbl_3b", 384, 3, 1);
    return g.concat({a, b1, b2, c1, c2, pool_branch(x, t, 192)}, label);
  }
};

}  // namespace

Graph inception_v3_graph(const Shape& input, const std::vector<int>&, BackboneVariant variant) {
  Inception net{GraphBuilder(input), variant == BackboneVariant::torch};
  NodeId x = net.stem(net.g.input());
  x = net.block_a(x, {"mixed0", "Mixed_5b"}, 32);
  x = net.block_a(x, {"mixed1", "Mixed_5c"}, 64);
  x = net.block_a(x, {"mixed2", "Mixed_5d"}, 64);
  x = net.block_b(x, {"mixed3", "Mixed_6a"});
  x = net.block_c(x, {"mixed4", "Mixed_6b"}, 128);
  x = net.block_c(x, {"mixed5", "Mixed_6c"}, 160);
  x = net.block_c(x, {"mixed6", "Mixed_6d"}, 160);
  x = net.block_c(x, {"mixed7", "Mixed_6e"}, 192);
  x = net.block_d(x, {"mixed8", "Mixed_7a"});
  x = net.block_e(x, {"mixed9", "Mixed_7b"});
  net.block_e(x, {"mixed10", "Mixed_7c"});
  return net.g.take();
}

}  // namespace svhn::model
