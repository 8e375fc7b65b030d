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

/// What a process says of itself.
json introduction(const std::string& config, const std::string& data) {
  return {{"version", core::version()}, {"config", config}, {"data", data}};
}

/// @returns the settings by JSON pointer, but those that may differ between machines.
json settings_of(const json& who) {
  auto settings =
      core::parse_json_strict(who.at("config").get<std::string>(), "the config", ExitCode::bug).flatten();
  settings.erase("/data/file");
  return settings;
}

/// @returns "/train/seed = 2, not 1" for the first setting that differs; empty: none does.
std::string first_difference(const json& own, const json& wanted) {
  const auto show = [](const json& side, const std::string& pointer) {
    return side.contains(pointer) ? side.at(pointer).dump() : "nothing";
  };
  for (const auto* side : {&wanted, &own}) {
    for (const auto& [pointer, value] : side->items()) {
      if (own.contains(pointer) && wanted.contains(pointer) && own.at(pointer) == wanted.at(pointer))
        continue;
      return pointer + " = " + show(own, pointer) + ", not " + show(wanted, pointer);
    }
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
  const std::string difference = first_difference(settings_of(own), settings_of(wanted));
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
  const auto said = group_->all_gather(introduction(config, data).dump());
  const json wanted = core::parse_json_strict(said.front(), "rank 0", ExitCode::device);
  for (std::size_t rank = 1; rank < said.size(); ++rank) {
    const std::string name = "rank " + std::to_string(rank);
    compare(core::parse_json_strict(said[rank], name, ExitCode::device), wanted, name);
  }
}

std::string RankAgreement::from_first(const std::function<std::string()>& make) const {
  if (group_ == nullptr) return make();
  return group_->broadcast(first() ? make() : std::string());
}

void RankAgreement::share(const std::vector<network::NamedTensor>& tensors) const {
  if (group_ == nullptr) return;
  for (const auto& item : tensors) {
    const torch::Tensor numbers = item.tensor.detach();
    const torch::Tensor dense = numbers.contiguous();
    group_->broadcast(dense);
    if (!numbers.is_same(dense)) numbers.copy_(dense);
  }
}

void RankAgreement::meet() const {
  if (group_ != nullptr) group_->barrier();
}

}  // namespace svhn::train
