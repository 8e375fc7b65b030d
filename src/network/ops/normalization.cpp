#include "network/ops/forward.h"
#include "network/ops/tensor_ops.h"

namespace svhn::network {
namespace {

using torch::Tensor;

/// @returns one number, or one for each channel, in the shape that x takes.
Tensor per_channel(const std::vector<double>& values, const Tensor& x) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[1] = -1;
  return torch::tensor(values, torch::kFloat64).to(x.device(), x.scalar_type()).view(shape);
}

}  // namespace

Tensor forward(const model::BatchNormOp& op, const OpRun& run) {
  return normalize(run.x(), batch_norm_state(op, run.node), run.context.training && run.node.trainable,
                   run.context.group);
}

Tensor forward(const model::LayerNormOp& op, const OpRun& run) {
  const Tensor& x = run.x();
  const Tensor weight = in_dtype_of(run.weight(), x), bias = in_dtype_of(run.tensor(1), x);
  const auto norm = [&](const Tensor& rows) {
    return at::layer_norm(rows, {rows.size(-1)}, weight, bias, op.epsilon);
  };
  if (x.dim() != 4) return norm(x);
  return norm(x.permute({0, 2, 3, 1})).permute({0, 3, 1, 2});
}

Tensor forward(const model::RescaleOp& op, const OpRun& run) {
  return run.x() * op.scale + op.offset;
}

Tensor forward(const model::NormalizeOp& op, const OpRun& run) {
  return (run.x() - per_channel(op.mean, run.x())) / per_channel(op.deviation, run.x());
}

}  // namespace svhn::network
