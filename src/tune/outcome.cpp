#include "tune/outcome.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "tune/search_config.h"

namespace svhn::tune {
namespace {

using metric::TrialResult;
using metric::TrialStatus;

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

bool better(double a, double b, bool maximize) {
  return maximize ? a > b : a < b;
}

std::vector<double> objective_curve(const metric::History& history, const std::string& objective) {
  for (const auto& field : metric::history_fields()) {
    if (field.key == objective) return history.*field.values;
  }
  return {};
}

/// @returns the mean at each epoch over the curves that have it.
std::vector<double> mean_curve(const std::vector<std::vector<double>>& curves) {
  std::vector<double> mean;
  for (std::size_t epoch = 0;; ++epoch) {
    double sum = 0.0;
    int count = 0;
    for (const auto& curve : curves) {
      if (epoch >= curve.size()) continue;
      sum += curve[epoch];
      ++count;
    }
    if (count == 0) return mean;
    mean.push_back(sum / count);
  }
}

void add_run(const TuneOptions& options, const metric::History& history, TrialResult& result) {
  const auto curve = objective_curve(history, options.objective);
  const auto score = curve_score(curve, resolved_score(options), maximised(options.objective));
  if (score) result.run_scores.push_back(*score);
  result.epochs += static_cast<std::int64_t>(history.epochs());
  for (const double seconds : history.seconds) result.seconds += seconds;
}

}  // namespace

Score resolved_score(const TuneOptions& options) {
  if (options.score != Score::automatic) return options.score;
  return options.folds ? Score::last : Score::best;
}

std::optional<double> curve_score(std::span<const double> curve, Score score, bool maximize) {
  if (curve.empty()) return std::nullopt;
  if (score == Score::last) return curve.back();
  return maximize ? *std::max_element(curve.begin(), curve.end())
                  : *std::min_element(curve.begin(), curve.end());
}

bool median_rule_stops(std::span<const double> curve, std::span<const std::vector<double>> completed,
                       const StoppingOptions& options, bool maximize) {
  return median_rule_will_stop(curve, completed, 0, options, maximize);
}

bool median_rule_will_stop(std::span<const double> curve, std::span<const std::vector<double>> completed,
                           std::size_t running, const StoppingOptions& options, bool maximize) {
  if (curve.size() < static_cast<std::size_t>(options.min_epochs)) return false;
  std::vector<double> means;
  for (const auto& other : completed) {
    if (other.size() < curve.size()) continue;
    const auto end = other.begin() + static_cast<std::ptrdiff_t>(curve.size());
    means.push_back(std::accumulate(other.begin(), end, 0.0) / static_cast<double>(curve.size()));
  }
  if (means.empty() || means.size() < static_cast<std::size_t>(options.min_trials)) return false;
  // The running trials can lower the median most with the worst possible values; without them it is higher.
  const double worst = std::numeric_limits<double>::infinity() * (maximize ? -1.0 : 1.0);
  means.insert(means.end(), running, worst);
  return better(median(std::move(means)), *curve_score(curve, Score::best, maximize), maximize);
}

std::vector<std::int64_t> halving_rungs(const StoppingOptions& options, std::int64_t bracket,
                                        std::int64_t epochs) {
  std::vector<std::int64_t> rungs;
  std::int64_t rung = options.min_epochs;
  for (; rung < epochs; rung *= options.reduction) {  // Both are at most a million: no overflow.
    if (bracket-- <= 0) rungs.push_back(rung);
  }
  rungs.push_back(epochs);
  return rungs;
}

std::vector<std::size_t> halving_survivors(std::span<const std::optional<double>> scores,
                                           std::int64_t reduction, bool maximize) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i]) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return better(*scores[a], *scores[b], maximize); });
  const std::size_t kept = std::max<std::size_t>(1, scores.size() / static_cast<std::size_t>(reduction));
  order.resize(std::min(kept, order.size()));
  std::sort(order.begin(), order.end());
  return order;
}

std::optional<EndPoint> find_end(const TrialProgress& progress, const std::string& objective,
                                 const EndsTrial& ends) {
  for (std::size_t run = 0; run < progress.runs.size(); ++run) {
    const auto curve = objective_curve(progress.runs[run], objective);
    const bool ended = run + 1 < progress.runs.size() || progress.last_ended;
    for (std::size_t epochs = 1; epochs + (ended ? 1 : 0) <= curve.size(); ++epochs) {
      if (ends(std::span(curve).first(epochs))) return EndPoint{run, epochs};
    }
  }
  return std::nullopt;
}

TrialResult result_of(const TuneOptions& options, const Trial& trial, const TrialProgress& progress) {
  TrialResult result;
  result.id = trial.id;
  result.label = trial.label;
  result.values = trial.values;
  const bool failed = !progress.failure.empty();
  std::vector<std::vector<double>> curves;
  const std::size_t sound = progress.runs.size() - (failed ? 1 : 0);
  for (std::size_t run = 0; run < sound; ++run) {
    add_run(options, progress.runs[run], result);
    curves.push_back(objective_curve(progress.runs[run], options.objective));
  }
  result.curve = mean_curve(curves);
  result.error = progress.failure.substr(0, progress.failure.find('\n'));
  if (failed) result.status = TrialStatus::failed;
  if (!failed && !result.run_scores.empty()) {
    double sum = 0.0;
    for (const double score : result.run_scores) sum += score;
    result.score = sum / static_cast<double>(result.run_scores.size());
  }
  return result;
}

TrialResult stopped_result(const TuneOptions& options, const Trial& trial, TrialProgress progress,
                           const EndPoint& end, const std::string& why) {
  progress.runs.resize(end.run + 1);
  progress.failure.clear();
  for (const auto& field : metric::history_fields()) {
    auto& values = progress.runs.back().*field.values;
    values.resize(std::min(values.size(), end.epochs));
  }
  TrialResult result = result_of(options, trial, progress);
  result.status = TrialStatus::stopped;
  result.error = why;
  return result;
}

}  // namespace svhn::tune
