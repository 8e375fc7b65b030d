// Huang et al. 2017, DenseNet-BC with growth rate 32.
#include "model/backbones/families.h"

namespace svhn::model {
namespace {

constexpr std::int64_t kGrowth = 32;

struct Densenet {
  GraphBuilder g;
  BatchNormOp norm;

  NodeId norm_relu(NodeId x, const Label& label, const std::string& relu) {
    return g.relu(g.batch_norm(x, label, norm), relu);
  }

  NodeId block(NodeId x, const std::string& name, const std::string& torch) {
    NodeId y = norm_relu(x, {name + "_0_bn", torch + ".norm1"}, name + "_0_relu");
    y = g.conv(y, {name + "_1_conv", torch + ".conv1"}, {4 * kGrowth, square(1)});
    y = norm_relu(y, {name + "_1_bn", torch + ".norm2"}, name + "_1_relu");
    y = g.conv(y, {name + "_2_conv", torch + ".conv2"}, {kGrowth, square(3, 1, WindowPad::same)});
    return g.concat({x, y}, name + "_concat");
  }

  NodeId transition(NodeId x, const std::string& name, const std::string& torch) {
    const std::int64_t filters = g.channels(x) / 2;
    x = norm_relu(x, {name + "_bn", torch + ".norm"}, name + "_relu");
    x = g.conv(x, {name + "_conv", torch + ".conv"}, {filters, square(1)});
    return g.average_pool(x, name + "_pool", {square(2, 2)});
  }
};

}  // namespace

Graph densenet_graph(const Shape& input, const std::vector<int>& blocks, BackboneVariant variant) {
  const bool torch = variant == BackboneVariant::torch;
  Densenet net{GraphBuilder(input), torch ? BatchNormOp{1e-5, 0.9} : BatchNormOp{1.001e-5, 0.99}};
  GraphBuilder& g = net.g;
  NodeId x = g.conv(g.input(), {"conv1_conv", "features.conv0"}, {64, square(7, 2, WindowPad::half)});
  x = net.norm_relu(x, {"conv1_bn", "features.norm0"}, "conv1_relu");
  x = g.max_pool(x, "pool1", square(3, 2, WindowPad::half));  // Padding: see resnet.cpp.
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const std::string number = std::to_string(i + 2), torch_number = std::to_string(i + 1);
    for (int k = 1; k <= blocks[i]; ++k) {
      x = net.block(x, "conv" + number + "_block" + std::to_string(k),
                    "features.denseblock" + torch_number + ".denselayer" + std::to_string(k));
    }
    if (i + 1 < blocks.size()) x = net.transition(x, "pool" + number, "features.transition" + torch_number);
  }
  net.norm_relu(x, {"bn", "features.norm5"}, "relu");
  return g.take();
}

}  // namespace svhn::model
