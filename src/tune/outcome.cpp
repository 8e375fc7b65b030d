#include "tune/outcome.h"

#include <algorithm>

#include "tune/search_config.h"
#include "tune/stopping.h"

namespace svhn::tune {
namespace {

using metric::TrialResult;
using metric::TrialStatus;

std::vector<double> objective_curve(const metric::History& history, const std::string& objective) {
  for (const auto& field : metric::history_fields()) {
    if (field.key == objective) return history.*field.values;
  }
  return {};
}

/// @returns the mean of the curves at each epoch, over those that got so far.
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

std::optional<EndPoint> find_end(const TrialProgress& attempt, const std::string& objective,
                                 const EndsTrial& ends) {
  for (std::size_t run = 0; run < attempt.runs.size(); ++run) {
    const auto curve = objective_curve(attempt.runs[run], objective);
    const bool ended = run + 1 < attempt.runs.size() || attempt.last_ended;
    for (std::size_t epochs = 1; epochs + (ended ? 1 : 0) <= curve.size(); ++epochs) {
      if (ends(std::span(curve).first(epochs))) return EndPoint{run, epochs};
    }
  }
  return std::nullopt;
}

TrialResult result_of(const TuneOptions& options, const Trial& trial, const TrialProgress& attempt) {
  TrialResult result;
  result.id = trial.id;
  result.label = trial.label;
  result.values = trial.values;
  const bool failed = !attempt.failure.empty();
  std::vector<std::vector<double>> curves;
  const std::size_t whole = attempt.runs.size() - (failed ? 1 : 0);
  for (std::size_t run = 0; run < whole; ++run) {
    add_run(options, attempt.runs[run], result);
    curves.push_back(objective_curve(attempt.runs[run], options.objective));
  }
  result.curve = mean_curve(curves);
  result.error = attempt.failure.substr(0, attempt.failure.find('\n'));
  if (failed) result.status = TrialStatus::failed;
  if (!failed && !result.run_scores.empty()) {
    double sum = 0.0;
    for (const double score : result.run_scores) sum += score;
    result.score = sum / static_cast<double>(result.run_scores.size());
  }
  return result;
}

TrialResult stopped_result(const TuneOptions& options, const Trial& trial, TrialProgress attempt,
                           const EndPoint& end, const std::string& why) {
  attempt.runs.resize(end.run + 1);
  attempt.failure.clear();
  for (const auto& field : metric::history_fields()) {
    auto& values = attempt.runs.back().*field.values;
    values.resize(std::min(values.size(), end.epochs));
  }
  TrialResult result = result_of(options, trial, attempt);
  result.status = TrialStatus::stopped;
  result.error = why;
  return result;
}

}  // namespace svhn::tune
