#include "report/charts/search.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/json.h"

namespace svhn::report {
namespace {

using metric::BackboneResult;
using metric::BackboneScore;
using metric::TrialResult;
using metric::TrialStatus;
using metric::TuningResult;

constexpr std::size_t kMostBars = 40;
constexpr std::size_t kNameBytes = 60;
constexpr int kRowHeight = 34, kTallRowHeight = 56, kFrameHeight = 190;

struct Bar {
  std::string name;     ///< Any text; truncated when long.
  double value = 0.0;   ///< 0 or more; NaN draws no bar.
  double second = 0.0;  ///< A second bar below the first; NaN draws none. Used only with BarsLook::second.
  std::string note;     ///< Text behind the number.
};

struct BarsLook {
  std::string title;   ///< Any text.
  std::string axis;    ///< Label of the x axis, any text.
  std::string first;   ///< Legend of the bars; empty: no legend.
  std::string second;  ///< Legend of the second bars; empty: no second bars.
};

double largest(const std::vector<Bar>& bars) {
  double most = 0.0;
  for (const Bar& bar : bars) {
    for (const double value : {bar.value, bar.second}) {
      if (std::isfinite(value)) most = std::max(most, value);
    }
  }
  return most > 0.0 ? most : 1.0;
}

std::string name_tics(const std::vector<Bar>& bars) {
  std::string tics;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    tics += (i == 0 ? "" : ", ") + gnuplot_string(core::printable(bars[i].name, kNameBytes)) + " " +
            std::to_string(i);
  }
  return "set ytics scale 0 (" + tics + ")\n";
}

/// The number behind a bar, as a gnuplot label.
std::string value_label(double value, double y, const std::string& note) {
  if (!std::isfinite(value)) return {};
  const std::string text = fmt::format("{:.4g}", value);
  return "set label " + gnuplot_string(text + (note.empty() ? "" : "  " + core::printable(note, 80))) +
         fmt::format(" at first {:.6g}, first {:.6g} left offset 0.6,0 font 'sans,14'\n", value, y);
}

std::string missing_label(double y, const std::string& note) {
  if (note.empty()) return {};
  return "set label " + gnuplot_string(core::printable(note, 80)) + " at first 0, first " +
         std::to_string(y) + " left offset 0.6,0 font 'sans,14' textcolor rgb '#777777'\n";
}

/// x, y, left, right, bottom, top: the columns of gnuplot's `boxxyerror`.
Rows boxes(const std::vector<Bar>& bars, double Bar::*value, double from, double to) {
  Rows rows;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const auto y = static_cast<double>(i);
    rows.push_back({bars[i].*value, y, 0.0, bars[i].*value, y + from, y + to});
  }
  return rows;
}

std::string bar_source(const char* colour, const std::string& title) {
  return "'-' using 1:2:3:4:5:6 with boxxyerror linecolor rgb " + std::string(colour) +
         (title.empty() ? " notitle" : " title " + gnuplot_string(title));
}

/// The note stands behind the last number of a bar, or instead of a missing number.
std::string bar_labels(const Bar& bar, double y, bool two) {
  const bool second = two && std::isfinite(bar.second);
  if (!std::isfinite(bar.value) && !second) return missing_label(y, bar.note);
  return value_label(bar.value, two ? y - 0.2 : y, second ? "" : bar.note) +
         (second ? value_label(bar.second, y + 0.2, bar.note) : "");
}

std::string labels(const std::vector<Bar>& bars, bool two) {
  std::string text;
  for (std::size_t i = 0; i < bars.size(); ++i) text += bar_labels(bars[i], static_cast<double>(i), two);
  return text;
}

/// Horizontal bars from top to bottom, each with a name in front and a number behind it. @param bars at least
/// one.
Chart ranked_bars_chart(const std::vector<Bar>& bars, const BarsLook& look) {
  const bool two = !look.second.empty();
  const auto count = static_cast<int>(bars.size());
  Chart chart;
  chart.height = kFrameHeight + count * (two ? kTallRowHeight : kRowHeight);
  chart.commands =
      "set title " + gnuplot_string(look.title) + "\nset xlabel " + gnuplot_string(look.axis) +
      "\nset border 3 linecolor rgb '#555555'\nset xtics nomirror out\n"
      "set grid xtics linetype 1 linewidth 1 linecolor rgb '#dddddd'\n"
      "set style fill solid 0.85 noborder\n"
      "set yrange [" +
      std::to_string(count) + "-0.4:-0.6]\nset xrange [0:" + std::to_string(largest(bars) * 1.25) + "]\n" +
      name_tics(bars) + labels(bars, two) +
      (look.first.empty() ? "unset key\n" : "set key below\nset bmargin 5.5\n") + "plot " +
      bar_source("'#0077bb'", look.first) + (two ? ", " + bar_source("'#ee7733'", look.second) : "") + "\n";
  chart.data.push_back(boxes(bars, &Bar::value, two ? -0.38 : -0.35, two ? -0.02 : 0.35));
  if (two) chart.data.push_back(boxes(bars, &Bar::second, 0.02, 0.38));
  return chart;
}

std::string search_title(const TuningResult& result) {
  return result.name + ": " + std::to_string(result.trials.size()) + " trials, " + result.search + " search" +
         (result.synthetic ? " (synthetic digits)" : "");
}

double score_of(const TrialResult& trial) {
  return trial.score.value_or(std::nan(""));
}

Chart trial_bars(const TuningResult& result) {
  std::vector<Bar> bars;
  for (const TrialResult* trial : metric::ranked_trials(result)) {
    const bool done = trial->status == TrialStatus::completed;
    const std::string why = trial->error.empty() ? "" : ": " + trial->error;
    bars.push_back({metric::trial_text(*trial), score_of(*trial), 0.0,
                    done ? "" : std::string(metric::trial_status_name(trial->status)) + why});
  }
  return ranked_bars_chart(bars, {search_title(result), result.objective, "", ""});
}

/// @returns rows of trial and score, and rows of trial and best completed score so far.
std::pair<Rows, Rows> score_rows(const TuningResult& result) {
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

Chart trial_points(const TuningResult& result) {
  const auto [scores, best] = score_rows(result);
  Chart chart;
  chart.commands = "set title " + gnuplot_string(search_title(result)) +
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

double accuracy_of(const std::optional<BackboneScore>& score) {
  return score ? score->val_accuracy : std::nan("");
}

std::string seconds_text(const BackboneResult& backbone) {
  std::string text;
  for (const auto& score : {backbone.frozen, backbone.unfrozen}) {
    if (!score) continue;
    text += (text.empty() ? "" : " + ") + fmt::format("{:.0f} s", score->seconds);
  }
  return text;
}

}  // namespace

Chart tuning_chart(const TuningResult& result) {
  if (result.trials.empty()) {
    throw core::Error(core::ExitCode::data, "a search without a trial has no chart",
                      "run at least one trial");
  }
  return result.trials.size() <= kMostBars ? trial_bars(result) : trial_points(result);
}

ChartResult write_tuning_chart(const std::filesystem::path& path, const TuningResult& result) {
  return write_chart(path, tuning_chart(result));
}

Chart comparison_chart(const metric::ComparisonResult& result) {
  if (result.backbones.empty()) {
    throw core::Error(core::ExitCode::data, "a comparison without a backbone has no chart",
                      "name at least one backbone in its config");
  }
  std::vector<Bar> bars;
  for (const BackboneResult* b : metric::ranked_backbones(result)) {
    bars.push_back({b->name, accuracy_of(b->frozen), accuracy_of(b->unfrozen),
                    metric::best_score(*b) ? seconds_text(*b) : b->error.value_or("no score")});
  }
  const bool two =
      std::any_of(bars.begin(), bars.end(), [](const Bar& b) { return std::isfinite(b.second); });
  return ranked_bars_chart(
      bars,
      {result.name + ": backbones" + (result.synthetic ? " (synthetic digits)" : ""),
       "Best validation accuracy (and time of training)", "frozen", two ? "last layers trained too" : ""});
}

ChartResult write_comparison_chart(const std::filesystem::path& path,
                                   const metric::ComparisonResult& result) {
  return write_chart(path, comparison_chart(result));
}

}  // namespace svhn::report
