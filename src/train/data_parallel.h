#pragma once
/// Data-parallel training: all_reduce of gradients, batch norm statistics and loss, overlapped with backward.

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "distributed/process_group.h"
#include "network/network.h"
#include "train/gradient_buckets.h"
#include "train/parameters.h"

namespace svhn::train {

/// The result of a step over the global batch.
struct StepResult {
  double loss = 0.0;  ///< Mean over its images, plus penalties.
  std::int64_t correct = 0;
  int signal = 0;  ///< Signal to stop of the lowest rank that received one; 0: none.
};

/// The cost of communication between the processes.
struct ReductionReport {
  int processes = 1;
  std::int64_t steps = 0;             ///< Since this process started.
  double bytes_per_step = 0.0;        ///< In all_reduce: gradients, batch norm statistics, loss.
  double all_reduces_per_step = 0.0;  ///< Calls that these bytes are divided into.
  double all_reduce_seconds = 0.0;    ///< Of all gradients, with no computation beside it.
  double exposed_seconds = 0.0;       ///< Waiting for gradients after backward, mean per step.
  /// Fraction of the all_reduce that overlapped backward, 0 to 1: 1 - exposed / all_reduce seconds, mean per
  /// step. Waiting for a slower process is exposed time.
  double overlap = 0.0;
};

/// @returns the report as in summary.json.
nlohmann::ordered_json reduction_json(const ReductionReport& report);

/// Reduces the gradients of one process' network with those of the others.
class DataParallel {
 public:
  /// Borrows all arguments, which must outlive it. Every process of the group must construct it together.
  /// @param synchronised batch norms use the statistics of all processes. Otherwise each process normalises
  /// by its own images, and each step averages the running statistics over the processes, weighted by their
  /// images.
  DataParallel(const network::Network& network, const FlatParameters& parameters,
               distributed::ProcessGroup& group, bool synchronised);
  ~DataParallel();

  /// @returns the group of synchronised batch norms, or nullptr.
  [[nodiscard]] distributed::ProcessGroup* norm_group() { return synchronised_ ? &group_ : nullptr; }
  /// Starts the exchange; call it between forward and backward.
  /// @param own this process' terms of the global mean loss, its correct predictions and a signal it
  /// received.
  /// @param weight the fraction of the global batch that this process holds.
  void begin(const StepResult& own, double weight);
  /// Waits for the exchange; call it after backward. Gradients and statistics are then those of the global
  /// batch.
  /// @returns the global result, the same on every process.
  StepResult finish();
  [[nodiscard]] ReductionReport report() const;

 private:
  void start_statistics(double weight);
  void finish_statistics();

  distributed::CountingProcessGroup group_;
  bool synchronised_;
  GradientBuckets buckets_;
  std::vector<torch::Tensor> statistics_;  // Running statistics to average, if not synchronised.
  torch::Tensor flat_statistics_;
  torch::Tensor status_;  // f64 [2 + processes]: loss, correct, each process' signal.
  std::unique_ptr<distributed::Work> status_work_;
  std::unique_ptr<distributed::Work> statistics_work_;
  std::int64_t steps_ = 0;
  std::int64_t bytes_before_ = 0;  // After the timing in the constructor.
  std::int64_t all_reduces_before_ = 0;
  double exposed_ = 0.0;
  double overlap_ = 0.0;
};

/// Exchanges signals to stop. @param own this process' signal, or 0.
/// @returns on every process the signal of the lowest rank that has one, or 0.
int agree_on_signal(int own, distributed::ProcessGroup& group);

}  // namespace svhn::train
