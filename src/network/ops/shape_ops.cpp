#include "network/ops/forward.h"

namespace svhn::network {

using torch::Tensor;

Tensor forward(const model::FlattenOp&, const OpRun& run) {
  return run.x().contiguous().flatten(1);
}

Tensor forward(const model::ReshapeOp& op, const OpRun& run) {
  std::vector<std::int64_t> shape{run.x().size(0)};
  shape.insert(shape.end(), op.shape.begin(), op.shape.end());
  return run.x().contiguous().view(shape);
}

Tensor forward(const model::ZeroPad2dOp& op, const OpRun& run) {
  const model::ZeroPad2dOp pad = op.trimmed(run.x().size(2), run.x().size(3));
  return at::constant_pad_nd(run.x(), {pad.left, pad.right, pad.top, pad.bottom}, 0.0);
}

Tensor forward(const model::Crop2dOp& op, const OpRun& run) {
  const Tensor& x = run.x();
  return x.narrow(2, op.top, x.size(2) - op.top - op.bottom)
      .narrow(3, op.left, x.size(3) - op.left - op.right);
}

Tensor forward(const model::ResizeOp& op, const OpRun& run) {
  return at::upsample_bilinear2d(run.x(), {op.height, op.width}, false);
}

}  // namespace svhn::network
