// He et al. 2016, "Deep Residual Learning", bottleneck blocks. In Keras a block's first convolution has the
// stride and convolutions have biases; in torchvision the second has it ("ResNet v1.5") and there are none.
#include "model/backbones/families.h"

namespace svhn::model {
namespace {

struct Resnet {
  GraphBuilder g;
  bool torch;

  NodeId conv_norm(NodeId x, const Label& conv, const Label& norm, const ConvFields& op) {
    x = g.conv(x, conv, op);
    return g.batch_norm(x, norm, torch ? BatchNormOp{1e-5, 0.9} : BatchNormOp{1.001e-5, 0.99});
  }

  /// @param part 1, 2 or 3 of a block; 0 is the shortcut.
  NodeId part(NodeId x, const Label& block, int part, const ConvFields& op) {
    const std::string number = std::to_string(part);
    const std::string conv = part == 0 ? ".downsample.0" : ".conv" + number;
    const std::string norm = part == 0 ? ".downsample.1" : ".bn" + number;
    return conv_norm(x, {block.name + "_" + number + "_conv", block.torch + conv},
                     {block.name + "_" + number + "_bn", block.torch + norm}, op);
  }

  NodeId block(NodeId x, const Label& label, std::int64_t filters, std::int64_t stride, bool project) {
    const bool bias = !torch;
    const NodeId shortcut =
        project ? part(x, label, 0, {4 * filters, square(1, stride), bias, Activation::linear}) : x;
    x = part(x, label, 1, {filters, square(1, torch ? 1 : stride), bias, Activation::linear});
    x = g.relu(x, label.name + "_1_relu");
    x = part(x, label, 2,
             {filters, square(3, torch ? stride : 1, WindowPad::half), bias, Activation::linear});
    x = g.relu(x, label.name + "_2_relu");
    x = part(x, label, 3, {4 * filters, square(1), bias, Activation::linear});
    return g.relu(g.sum(shortcut, x, label.name + "_add"), label.name + "_out");
  }
};

}  // namespace

Graph resnet_graph(const Shape& input, const std::vector<int>& blocks, BackboneVariant variant) {
  Resnet net{GraphBuilder(input), variant == BackboneVariant::torch};
  GraphBuilder& g = net.g;
  NodeId x = net.conv_norm(g.input(), {"conv1_conv", "conv1"}, {"conv1_bn", "bn1"},
                           {64, square(7, 2, WindowPad::half), !net.torch, Activation::linear});
  x = g.relu(x, "conv1_relu");
  // After a ReLU, Keras' zero padding and PyTorch's -infinity padding give the same maximum.
  x = g.max_pool(x, "pool1_pool", square(3, 2, WindowPad::half));
  for (std::size_t stack = 0; stack < blocks.size(); ++stack) {
    for (int i = 0; i < blocks[stack]; ++i) {
      const Label label("conv" + std::to_string(stack + 2) + "_block" + std::to_string(i + 1),
                        "layer" + std::to_string(stack + 1) + "." + std::to_string(i));
      const std::int64_t stride = i == 0 && stack > 0 ? 2 : 1;
      x = net.block(x, label, std::int64_t{64} << stack, stride, i == 0);
    }
  }
  return g.take();
}

}  // namespace svhn::model
