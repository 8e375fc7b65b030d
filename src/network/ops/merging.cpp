#include "kernels/add_activation.h"
#include "network/ops/forward.h"
#include "network/ops/tensor_ops.h"

namespace svhn::network {

using torch::Tensor;

Tensor forward(const model::AddOp& op, const OpRun& run) {
  const auto own = block_activation(op.activation);
  Tensor sum = run.x();
  for (std::size_t i = 1; i < run.inputs.size(); ++i) {
    const Tensor& next = run.inputs[i];
    const bool last = i + 1 == run.inputs.size(), scaled = i == 1 && op.scale != 1.0;
    const bool fused = last && !scaled && own && own != kernels::BlockActivation::linear;
    if (fused && kernels::add_activation_supports(sum, next)) return kernels::add_activation(sum, next, *own);
    sum = at::add(sum, next, scaled ? op.scale : 1.0);
  }
  return activate_in_place(sum, op.activation);
}

Tensor forward(const model::ConcatOp&, const OpRun& run) {
  return at::cat(run.inputs, 1);
}

}  // namespace svhn::network
