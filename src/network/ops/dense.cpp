#include "network/ops/forward.h"
#include "network/ops/tensor_ops.h"

namespace svhn::network {

torch::Tensor forward(const model::DenseOp& op, const OpRun& run) {
  const torch::Tensor& x = run.x();
  return activate_in_place(at::linear(x, in_dtype_of(run.weight(), x), in_dtype_of(run.tensor(1), x)),
                           op.activation);
}

}  // namespace svhn::network
