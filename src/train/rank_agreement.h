#pragma once
/// Agreement between the processes of a session: rank 0 reads and writes the run's files and
/// sends the others what they need.

#include <functional>
#include <string>
#include <vector>

#include "distributed/process_group.h"
#include "network/network.h"

namespace svhn::train {

/// Collective operations of a session; for a single process they do nothing.
class RankAgreement {
 public:
  /// @param group borrowed; nullptr or a group of one: a single process.
  explicit RankAgreement(distributed::ProcessGroup* group)
      : group_(group != nullptr && group->size() > 1 ? group : nullptr) {}

  /// @returns the group, or nullptr for a single process.
  [[nodiscard]] distributed::ProcessGroup* group() const { return group_; }
  [[nodiscard]] bool first() const { return group_ == nullptr || group_->rank() == 0; }
  [[nodiscard]] int size() const { return group_ == nullptr ? 1 : group_->size(); }

  /// Checks that all processes run the same version with the same config and data.
  /// @param config resolved, JSON; the path of the data file may differ. @param data fingerprint.
  /// @throws core::Error(config) naming the rank and the key that differ; core::Error(data) naming the rank
  /// with other data; core::Error(usage) naming the rank with another version.
  void check_agreement(const std::string& config, const std::string& data) const;
  /// @param make called on rank 0 only. @returns its result, on every process.
  [[nodiscard]] std::string broadcast(const std::function<std::string()>& make) const;
  /// Copies the tensors of rank 0 to every process.
  void broadcast(const std::vector<network::NamedTensor>& tensors) const;
  /// Waits for all processes.
  void barrier() const;

 private:
  distributed::ProcessGroup* group_;
};

}  // namespace svhn::train
