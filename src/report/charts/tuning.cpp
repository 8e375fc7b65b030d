#include "report/charts/tuning.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "report/charts/ranked_bars.h"

namespace svhn::report {
namespace {

using metric::TrialResult;
using metric::TrialStatus;
using metric::TuningResult;

constexpr std::size_t kMostBars = 40;

std::string title_of(const TuningResult& result) {
  return result.name + ": " + std::to_string(result.trials.size()) + " trials, " + result.search + " search" +
         (result.synthetic ? " (synthetic digits)" : "");
}

double score_of(const TrialResult& trial) {
  return trial.score.value_or(std::nan(""));
}

Chart bars(const TuningResult& result) {
  std::vector<Bar> bars;
  for (const TrialResult* trial : metric::ranked_trials(result)) {
    const bool done = trial->status == TrialStatus::completed;
    const std::string why = trial->error.empty() ? "" : ": " + trial->error;
    bars.push_back({metric::trial_text(*trial), score_of(*trial), 0.0,
                    done ? "" : std::string(metric::trial_status_name(trial->status)) + why});
  }
  return ranked_bars_chart(bars, {title_of(result), result.objective, "", ""});
}

/// Trial, score; and the best completed score up to each trial.
std::pair<Rows, Rows> course(const TuningResult& result) {
  Rows scores, best;
  double record = std::nan("");
  for (const TrialResult& trial : result.trials) {
    const auto id = static_cast<double>(trial.id);
    const double score = score_of(trial);
    scores.push_back({id, score});
    const bool better = !std::isfinite(record) || (result.maximize ? score > record : score < record);
    if (trial.status == TrialStatus::completed && std::isfinite(score) && better) record = score;
    best.push_back({id, record});
  }
  return {scores, best};
}

Chart points(const TuningResult& result) {
  const auto [scores, best] = course(result);
  Chart chart;
  chart.commands = "set title " + gnuplot_string(title_of(result)) +
                   "\nset border 3 linecolor rgb '#555555'\nset tics nomirror out\n"
                   "set grid linetype 1 linewidth 1 linecolor rgb '#dddddd'\nset key below\n"
                   "set xlabel 'Trial'\nset bmargin 5.5\nset ylabel " +
                   gnuplot_string(result.objective) +
                   "\nplot '-' using 1:2 with points pointtype 7 pointsize 1 linecolor rgb '#400077bb' title "
                   "'score', '-' using 1:2 with steps linewidth 3 linecolor rgb '#cc3311' title "
                   "'best so far'\n";
  chart.data = {scores, best};
  return chart;
}

}  // namespace

Chart tuning_chart(const TuningResult& result) {
  if (result.trials.empty()) {
    throw core::Error(core::ExitCode::data, "a search without a trial has no chart",
                      "run at least one trial");
  }
  return result.trials.size() <= kMostBars ? bars(result) : points(result);
}

ChartResult write_tuning_chart(const std::filesystem::path& path, const TuningResult& result) {
  return write_chart(path, tuning_chart(result));
}

}  // namespace svhn::report
