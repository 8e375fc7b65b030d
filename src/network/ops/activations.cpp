#include "core/random.h"
#include "kernels/dropout.h"
#include "network/ops/forward.h"
#include "network/ops/tensor_ops.h"

namespace svhn::network {

using torch::Tensor;

Tensor forward(const model::ActivationOp& op, const OpRun& run) {
  return is_unshared(run.x()) ? activate_in_place(run.x(), op.activation) : activate(run.x(), op.activation);
}

Tensor forward(const model::LeakyReluOp& op, const OpRun& run) {
  return at::leaky_relu(run.x(), op.slope);
}

Tensor forward(const model::PreluOp& op, const OpRun& run) {
  const Tensor& x = run.x();
  const Tensor weight = in_dtype_of(run.weight(), x);
  if (op.per_channel) return at::prelu(x, weight);
  return at::where(x > 0.0, x, weight.unsqueeze(0) * x);
}

Tensor forward(const model::DropoutOp& op, const OpRun& run) {
  if (!run.context.training) return run.x();
  const std::uint64_t stream = core::stream_id("dropout:" + run.node.name);
  return kernels::dropout(run.x(), op.rate,
                          {run.context.seed, stream, run.context.step, run.context.first_row});
}

}  // namespace svhn::network
