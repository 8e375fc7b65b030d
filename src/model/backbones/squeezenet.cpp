// Iandola et al. 2016, SqueezeNet 1.1, with torchvision's names: Keras lacks this network.
#include "model/backbones/families.h"

namespace svhn::model {
namespace {

NodeId conv(GraphBuilder& g, NodeId x, const std::string& name, std::int64_t filters, const Window& window) {
  return g.conv(x, {name, name}, {filters, window, true, Activation::relu});
}

NodeId fire(GraphBuilder& g, NodeId x, int index, std::int64_t squeeze) {
  const std::string name = "features." + std::to_string(index);
  x = conv(g, x, name + ".squeeze", squeeze, square(1));
  const NodeId a = conv(g, x, name + ".expand1x1", 4 * squeeze, square(1));
  const NodeId b = conv(g, x, name + ".expand3x3", 4 * squeeze, square(3, 1, WindowPad::half));
  return g.concat({a, b}, name);
}

NodeId pool(GraphBuilder& g, NodeId x, int index) {
  return g.max_pool(x, "features." + std::to_string(index), Window{3, 3, 2, WindowPad::valid, true});
}

}  // namespace

Graph squeezenet_graph(const Shape& input, const std::vector<int>& sizes, BackboneVariant) {
  GraphBuilder g(input);
  NodeId x = pool(g, conv(g, g.input(), "features.0", 64, square(3, 2)), 2);
  x = fire(g, fire(g, x, 3, 16), 4, 16);
  x = pool(g, x, 5);
  x = fire(g, fire(g, x, 6, 32), 7, 32);
  x = pool(g, x, 8);
  x = fire(g, fire(g, x, 9, 48), 10, 48);
  x = fire(g, fire(g, x, 11, 64), 12, 64);
  if (sizes.front() == 1) {
    x = conv(g, x, "classifier.1", 1000, square(1));
    g.add("classifier.3", GlobalAveragePoolOp{}, {x});
  }
  return g.take();
}

}  // namespace svhn::model
