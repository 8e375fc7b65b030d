#include "network/ops/run.h"

#include "core/error.h"
#include "network/ops/forward.h"

namespace svhn::network {

torch::Tensor run_op(const model::Operation& op, const OpRun& run) {
  return std::visit(
      [&](const auto& own) -> torch::Tensor {
        using Op = std::decay_t<decltype(own)>;
        // The input is given, and composites are lowered into nodes.
        constexpr bool kNever = std::is_same_v<Op, model::InputOp> || std::is_same_v<Op, model::BackboneSpec>;
        if constexpr (kNever) {
          throw core::Error(core::ExitCode::bug, "node '" + run.node.name + "' cannot run");
        } else {
          return forward(own, run);
        }
      },
      op);
}

}  // namespace svhn::network
