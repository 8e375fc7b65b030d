// Chollet 2017, "Xception". Keras numbers the shortcuts' layers: conv2d_1, batch_normalization_1.
#include "model/backbones/families.h"

namespace svhn::model {
namespace {

struct Xception {
  GraphBuilder g;
  int shortcuts = 0;

  NodeId entry(NodeId x, const std::string& name, std::int64_t filters, std::int64_t stride) {
    x = g.conv(x, name, {filters, square(3, stride)});
    return g.relu(g.batch_norm(x, name + "_bn", {}), name + "_act");
  }

  NodeId separable(NodeId x, const std::string& name, std::int64_t filters) {
    x = g.separable(x, name, filters, square(3, 1, WindowPad::same));
    return g.batch_norm(x, name + "_bn", {});
  }

  NodeId relu_separable(NodeId x, const std::string& name, std::int64_t filters) {
    return separable(g.relu(x, name + "_act"), name, filters);
  }

  NodeId shortcut(NodeId x, std::int64_t filters) {
    const std::string number = std::to_string(++shortcuts);
    x = g.conv(x, "conv2d_" + number, {filters, square(1, 2, WindowPad::same)});
    return g.batch_norm(x, "batch_normalization_" + number, {});
  }

  NodeId down(NodeId x, const std::string& name, std::int64_t first, std::int64_t second) {
    const NodeId residual = shortcut(x, second);
    // block2 follows a ReLU already.
    x = name == "block2" ? separable(x, name + "_sepconv1", first)
                         : relu_separable(x, name + "_sepconv1", first);
    x = relu_separable(x, name + "_sepconv2", second);
    x = g.max_pool(x, name + "_pool", square(3, 2, WindowPad::same));
    return g.sum(x, residual, {});
  }
};

}  // namespace

Graph xception_graph(const Shape& input, const std::vector<int>&, BackboneVariant) {
  Xception net{GraphBuilder(input)};
  NodeId x = net.entry(net.g.input(), "block1_conv1", 32, 2);
  x = net.entry(x, "block1_conv2", 64, 1);
  x = net.down(x, "block2", 128, 128);
  x = net.down(x, "block3", 256, 256);
  x = net.down(x, "block4", 728, 728);
  for (int i = 5; i <= 12; ++i) {
    const std::string name = "block" + std::to_string(i) + "_sepconv";
    NodeId y = net.relu_separable(x, name + "1", 728);
    y = net.relu_separable(y, name + "2", 728);
    y = net.relu_separable(y, name + "3", 728);
    x = net.g.sum(y, x, {});
  }
  x = net.down(x, "block13", 728, 1024);
  x = net.g.relu(net.separable(x, "block14_sepconv1", 1536), "block14_sepconv1_act");
  net.g.relu(net.separable(x, "block14_sepconv2", 2048), "block14_sepconv2_act");
  return net.g.take();
}

}  // namespace svhn::model
