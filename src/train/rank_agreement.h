#pragma once
/// A session's processes: the first one (rank 0) reads and writes the run's files, the others follow it.

#include <functional>
#include <string>
#include <vector>

#include "distributed/process_group.h"
#include "network/network.h"

namespace svhn::train {

class RankAgreement {
 public:
  /// @param group borrowed; nullptr, or of one process: there are no others.
  explicit RankAgreement(distributed::ProcessGroup* group)
      : group_(group != nullptr && group->size() > 1 ? group : nullptr) {}

  [[nodiscard]] distributed::ProcessGroup* group() const {
    return group_;
  }  ///< nullptr: there are no others.
  [[nodiscard]] bool first() const { return group_ == nullptr || group_->rank() == 0; }
  [[nodiscard]] int size() const { return group_ == nullptr ? 1 : group_->size(); }

  /// All processes must be about to do the same. @param config resolved, JSON; the data file may have another
  /// name elsewhere. @param data fingerprint.
  /// @throws core::Error(config) naming the rank and the key that differ; core::Error(data) naming the rank
  /// with other data; core::Error(usage) naming the one with another version of the program.
  void check_agreement(const std::string& config, const std::string& data) const;
  /// @returns on every process what `make` gave the first one.
  [[nodiscard]] std::string from_first(const std::function<std::string()>& make) const;
  /// Gives every process the first one's numbers.
  void share(const std::vector<network::NamedTensor>& tensors) const;
  /// Waits for all.
  void meet() const;

 private:
  distributed::ProcessGroup* group_;
};

}  // namespace svhn::train
