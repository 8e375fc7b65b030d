#include "network/ops/forward.h"
#include "network/ops/script.h"

namespace svhn::network {

using torch::Tensor;

Tensor forward(const model::ImagenetInputOp& op, const OpRun& run) {
  const Tensor& x = run.x();
  const auto channels = [&](const std::vector<double>& values) {
    return torch::tensor(values, torch::kFloat64).to(x.device(), x.scalar_type()).view({1, 3, 1, 1});
  };
  switch (op.input) {
    case model::BackboneInput::caffe:
      return x.flip({1}) * 255.0 - channels({103.939, 116.779, 123.68});
    case model::BackboneInput::torch:
      return (x - channels({0.485, 0.456, 0.406})) / channels({0.229, 0.224, 0.225});
    case model::BackboneInput::tf:
      return x * 2.0 - 1.0;
    case model::BackboneInput::none:
      break;
  }
  return x;
}

Tensor forward(const model::ScriptOp&, const OpRun& run) {
  return run.node.script->forward(run.x(), run.context);
}

}  // namespace svhn::network
