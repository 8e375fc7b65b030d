#include "train/rank_agreement.h"

#include "core/build_info.h"
#include "core/json.h"
#include "distributed/agreement.h"

namespace svhn::train {

using core::ExitCode;

void RankAgreement::check_agreement(const std::string& config, const std::string& data) const {
  if (group_ == nullptr) return;
  distributed::agree(*group_,
                     {{.name = "version",
                       .value = core::version(),
                       .message = "runs svhn {own}, rank 0 {wanted}",
                       .hint = "install the same version everywhere"},
                      {.name = "config",
                       .value = core::parse_json_strict(config, "the config", ExitCode::bug),
                       .message = "has another config than rank 0: {pointer} = {own}, not {wanted}",
                       .hint = "start every process with the same config and options",
                       .code = ExitCode::config,
                       .ignored = "/data/file"},
                      {.name = "data",
                       .value = data,
                       .message = "has other data than rank 0",
                       .hint = "give every machine the same prepared file; 'svhn info' tells its splits",
                       .code = ExitCode::data}});
}

std::string RankAgreement::broadcast(const std::function<std::string()>& make) const {
  if (group_ == nullptr) return make();
  return group_->broadcast(first() ? make() : std::string());
}

void RankAgreement::broadcast(const std::vector<network::NamedTensor>& tensors) const {
  if (group_ == nullptr) return;
  for (const auto& item : tensors) {
    const torch::Tensor numbers = item.tensor.detach();
    const torch::Tensor dense = numbers.contiguous();
    group_->broadcast(dense);
    if (!numbers.is_same(dense)) numbers.copy_(dense);
  }
}

void RankAgreement::barrier() const {
  if (group_ != nullptr) group_->barrier();
}

}  // namespace svhn::train
