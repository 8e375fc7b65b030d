#include "network/ops/forward.h"
#include "network/ops/tensor_ops.h"

namespace svhn::network {

using torch::Tensor;

Tensor forward(const model::Conv2dOp& op, const OpRun& run) {
  return activate_in_place(convolve(run.x(), run.weight(), run.tensor(1), op.window.resolved(), op.groups),
                           op.activation);
}

Tensor forward(const model::DepthwiseConv2dOp& op, const OpRun& run) {
  const Tensor y = convolve(run.x(), run.weight(), run.tensor(1), op.window.resolved(), run.x().size(1));
  return activate_in_place(y, op.activation);
}

Tensor forward(const model::SeparableConv2dOp& op, const OpRun& run) {
  const Tensor y = convolve(run.x(), run.weight(), {}, op.window.resolved(), run.x().size(1));
  return activate_in_place(convolve(y, run.tensor(1), run.tensor(2), model::square(1)), op.activation);
}

}  // namespace svhn::network
