// He et al. 2016, "Identity Mappings in Deep Residual Networks", as Keras builds it: the last block of a
// stack has the stride, and its shortcut is a max pool of window 1.
#include "model/backbones/families.h"

namespace svhn::model {
namespace {

constexpr BatchNormOp kNorm{1.001e-5, 0.99, true};

NodeId norm_relu(GraphBuilder& g, NodeId x, const std::string& name) {
  return g.relu(g.batch_norm(x, name + "_bn", kNorm), name + "_relu");
}

NodeId block(GraphBuilder& g, NodeId x, const std::string& name, std::int64_t filters, std::int64_t stride,
             bool project) {
  const NodeId active = norm_relu(g, x, name + "_preact");
  NodeId shortcut = x;
  if (project) {
    shortcut = g.conv(active, name + "_0_conv", {4 * filters, square(1, stride), true});
  } else if (stride > 1) {
    shortcut = g.max_pool(x, {}, square(1, stride));
  }
  NodeId y = g.conv(active, name + "_1_conv", {filters, square(1)});
  y = norm_relu(g, y, name + "_1");
  y = g.conv(y, name + "_2_conv", {filters, square(3, stride, WindowPad::half)});
  y = norm_relu(g, y, name + "_2");
  y = g.conv(y, name + "_3_conv", {4 * filters, square(1), true});
  return g.sum(shortcut, y, name + "_out");
}

}  // namespace

Graph resnet_v2_graph(const Shape& input, const std::vector<int>& blocks, BackboneVariant) {
  GraphBuilder g(input);
  NodeId x = g.conv(g.input(), "conv1_conv", {64, square(7, 2, WindowPad::half), true});
  x = g.max_pool(g.zero_pad(x, "pool1_pad", 1), "pool1_pool", square(3, 2));
  for (std::size_t stack = 0; stack < blocks.size(); ++stack) {
    for (int i = 1; i <= blocks[stack]; ++i) {
      const std::string name = "conv" + std::to_string(stack + 2) + "_block" + std::to_string(i);
      const bool strides = i == blocks[stack] && stack + 1 < blocks.size();
      x = block(g, x, name, std::int64_t{64} << stack, strides ? 2 : 1, i == 1);
    }
  }
  norm_relu(g, x, "post");
  return g.take();
}

}  // namespace svhn::model
