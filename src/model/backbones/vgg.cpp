// Simonyan and Zisserman 2015, configurations D and E.
#include "model/backbones/families.h"

namespace svhn::model {

Graph vgg_graph(const Shape& input, const std::vector<int>& convolutions, BackboneVariant) {
  GraphBuilder g(input);
  NodeId x = g.input();
  std::int64_t filters = 64;
  int index = 0;  // In torchvision's `features`, which also counts ReLUs and pools.
  for (std::size_t block = 0; block < convolutions.size(); ++block) {
    const std::string prefix = "block" + std::to_string(block + 1);
    for (int i = 1; i <= convolutions[block]; ++i, index += 2) {
      const Label label(prefix + "_conv" + std::to_string(i), "features." + std::to_string(index));
      x = g.conv(x, label, {filters, square(3, 1, WindowPad::same), true, Activation::relu});
    }
    x = g.max_pool(x, prefix + "_pool", square(2, 2));
    ++index;
    filters = std::min<std::int64_t>(512, filters * 2);
  }
  return g.take();
}

}  // namespace svhn::model
