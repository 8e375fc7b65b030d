#include "train/rank_agreement.h"

#include <nlohmann/json.hpp>

#include "core/build_info.h"
#include "core/error.h"
#include "core/json.h"

namespace svhn::train {
namespace {

using core::Error;
using core::ExitCode;
using nlohmann::json;

/// @returns the message that the processes compare.
json description(const std::string& config, const std::string& data) {
  return {{"version", core::version()}, {"config", config}, {"data", data}};
}

json config_of(const json& process) {
  return core::parse_json_strict(process.at("config").get<std::string>(), "the config", ExitCode::bug);
}

/// @returns "/train/seed = 2, not 1" for the first setting that differs, or "". Machines may keep their data
/// in different files.
std::string first_difference(const json& own, const json& wanted) {
  for (const auto& found : core::json_diff(config_of(wanted), config_of(own))) {
    if (found.pointer != "/data/file") return found.pointer + " = " + found.after + ", not " + found.before;
  }
  return {};
}

void compare(const json& own, const json& wanted, const std::string& name) {
  if (own.at("version") != wanted.at("version")) {
    throw Error(ExitCode::usage,
                name + " runs svhn " + own.at("version").get<std::string>() + ", rank 0 " +
                    wanted.at("version").get<std::string>(),
                "install the same version everywhere");
  }
  const std::string difference = first_difference(own, wanted);
  if (!difference.empty()) {
    throw Error(ExitCode::config, name + " has another config than rank 0: " + difference,
                "start every process with the same config and options");
  }
  if (own.at("data") != wanted.at("data")) {
    throw Error(ExitCode::data, name + " has other data than rank 0",
                "give every machine the same prepared file; 'svhn info' tells its splits");
  }
}

}  // namespace

void RankAgreement::check_agreement(const std::string& config, const std::string& data) const {
  if (group_ == nullptr) return;
  const auto messages = group_->all_gather(description(config, data).dump());
  const json wanted = core::parse_json_strict(messages.front(), "rank 0", ExitCode::device);
  for (std::size_t rank = 1; rank < messages.size(); ++rank) {
    const std::string name = "rank " + std::to_string(rank);
    compare(core::parse_json_strict(messages[rank], name, ExitCode::device), wanted, name);
  }
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
