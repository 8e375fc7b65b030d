#pragma once
/// What the processes of a data-parallel run exchange in a step, all of it while backward runs.

#include <cstdint>
#include <memory>
#include <vector>

#include "distributed/process_group.h"
#include "network/network.h"
#include "train/gradient_buckets.h"
#include "train/parameters.h"

namespace svhn::train {

/// What a step found in the global batch.
struct StepResult {
  double loss = 0.0;  ///< Mean over its images, penalties included.
  std::int64_t correct = 0;
  int signal = 0;  ///< Of the lowest rank that was asked to stop; 0: none was.
};

/// What data-parallel training costs.
struct ReductionReport {
  int processes = 1;
  std::int64_t steps = 0;       ///< Since this process started.
  double bytes_per_step = 0.0;  ///< Summed over the processes: gradients, statistics of batch norms, loss.
  double sums_per_step = 0.0;   ///< Messages that these bytes travel in.
  double alone_seconds = 0.0;   ///< One reduction of all gradients with nothing beside it.
  double waited_seconds = 0.0;  ///< For gradients after backward had ended, mean of a step.
  /// Shard of the reduction that ran beside backward: 1 - waited / alone, 0 to 1, mean of the steps. Waiting
  /// for a slower process counts as waiting.
  double hidden = 0.0;
};

class DataParallel {
 public:
  /// All are borrowed and must outlive this; every process constructs it at the same time.
  /// @param synchronised batch norms take the statistics of all processes. Otherwise each process normalises
  /// by its own images, and after each step the running statistics are the mean over the processes, weighted
  /// by their images.
  DataParallel(const network::Network& network, const FlatParameters& parameters,
               distributed::ProcessGroup& group, bool synchronised);
  ~DataParallel();

  /// @returns what batch norms share their statistics in, or nullptr.
  [[nodiscard]] distributed::ProcessGroup* norm_group() { return synchronised_ ? &group_ : nullptr; }
  /// Between forward and backward. @param own this process' part: its terms of the global mean loss, its
  /// right predictions, and a signal that it was sent. @param weight its share of the images.
  void begin(const StepResult& own, double weight);
  /// After backward: gradients and statistics are those of the global batch then, on every process alike.
  StepResult finish();
  [[nodiscard]] ReductionReport report() const;

 private:
  void start_statistics(double weight);
  void finish_statistics();

  distributed::CountingProcessGroup group_;
  bool synchronised_;
  GradientBuckets buckets_;
  std::vector<torch::Tensor> statistics_;  // Running ones that move, where they are not synchronised.
  torch::Tensor flat_statistics_;
  torch::Tensor status_;  // f64 [2 + processes]: loss, correct, each process' signal.
  std::unique_ptr<distributed::Work> status_pending_;
  std::unique_ptr<distributed::Work> statistics_pending_;
  std::int64_t steps_ = 0;
  std::int64_t bytes_before_ = 0;  // Of the timing at the start.
  std::int64_t sums_before_ = 0;
  double waited_ = 0.0;
  double hidden_ = 0.0;
};

/// @returns the signal of the lowest rank that has one, on every process, or 0.
int agree_on_signal(int own, distributed::ProcessGroup& group);

}  // namespace svhn::train
