#include "network/ops/forward.h"
#include "network/ops/tensor_ops.h"

namespace svhn::network {

using torch::Tensor;

Tensor forward(const model::MaxPool2dOp& op, const OpRun& run) {
  return max_pool(run.x(), op.window.resolved());
}

Tensor forward(const model::AveragePool2dOp& op, const OpRun& run) {
  return average_pool(run.x(), op.window.resolved(), op.count_padding);
}

Tensor forward(const model::GlobalAveragePoolOp&, const OpRun& run) {
  return run.x().mean({2, 3});
}

Tensor forward(const model::GlobalMaxPoolOp&, const OpRun& run) {
  return run.x().amax({2, 3});
}

}  // namespace svhn::network
