#include "report/charts/search.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/words.h"
#include "report/letters/letters.h"

namespace svhn::report {
namespace {

using metric::BackboneResult;
using metric::BackboneScore;
using metric::TrialResult;
using metric::TrialStatus;
using metric::TuningResult;

constexpr std::size_t kMostBars = 40;
constexpr int kRowHeight = 34, kTallRowHeight = 56, kFrameHeight = 185, kLegendHeight = 36, kLineHeight = 24;
constexpr double kNameWidth = 520.0;  ///< At most, in pixels.
constexpr double kNoteWidth = 360.0, kLongNoteWidth = 600.0;
constexpr double kGap = 12.0;
constexpr const char* kNoteFont = "font 'sans,14'";

struct Bar {
  std::string name;     ///< Any text; shortened when wide.
  std::string tag;      ///< What tells it from a bar of the same name.
  double value = 0.0;   ///< 0 or more; NaN draws no bar.
  double second = 0.0;  ///< A second bar below the first; NaN draws none. Used only with BarsLook::second.
  std::string note;     ///< Text behind the number.
};

struct BarsLook {
  std::string title;    ///< Any text.
  std::string axis;     ///< Label of the x axis, any text.
  std::string first;    ///< Legend of the bars; empty: no legend.
  std::string second;   ///< Legend of the second bars; empty: no second bars.
  std::string without;  ///< A line about what has no bar; may be empty.
};

/// A text behind a bar.
struct BarLabel {
  double value;
  double y;
  std::string text;
};

/// Places of a chart of bars, in pixels.
struct BarsLayout {
  double left = 0.0;
  double right = 0.0;
  double largest = 0.0;  ///< End of the x axis, so that each label has its place behind its bar.
  bool shares = true;    ///< Whether all bars are at most 1, as accuracies are.
};

std::string name_tics(const std::vector<std::string>& names) {
  std::string tics;
  for (std::size_t i = 0; i < names.size(); ++i) {
    tics += (i == 0 ? "" : ", ") + gnuplot_string(names[i]) + " " + std::to_string(i);
  }
  return "set ytics scale 0 (" + tics + ") " + kNoteFont + "\n";
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
std::vector<BarLabel> labels_of(const std::vector<Bar>& bars, bool two) {
  std::vector<BarLabel> labels;
  const auto add = [&](double value, double y, const std::string& note) {
    const bool number = std::isfinite(value);
    const std::string text =
        (number ? fmt::format("{:.4g}", value) : "") + (number && !note.empty() ? "  " : "") +
        (note.empty() ? "" : cut_middle(note, number ? kNoteWidth : kLongNoteWidth, kSmallLetters));
    if (!text.empty()) labels.push_back({number ? value : 0.0, y, text});
  };
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const Bar& bar = bars[i];
    const auto y = static_cast<double>(i);
    const bool second = two && std::isfinite(bar.second);
    const bool pair = two && (second || std::isfinite(bar.value));
    add(bar.value, pair ? y - 0.2 : y, second ? "" : bar.note);
    if (second) add(bar.second, y + 0.2, bar.note);
  }
  return labels;
}

BarsLayout bars_layout(const std::vector<std::string>& names, const std::vector<BarLabel>& labels,
                       int width) {
  constexpr double kSide = 24.0;
  BarsLayout layout;
  for (const std::string& name : names) layout.left = std::max(layout.left, text_width(name, kSmallLetters));
  layout.left += kSide + kGap;
  layout.right = width - kSide;
  for (const BarLabel& label : labels) {
    const double taken = (text_width(label.text, kSmallLetters) + 2 * kGap) / (layout.right - layout.left);
    layout.largest = std::max(layout.largest, label.value / (1.0 - std::min(taken, 0.8)));
    layout.shares = layout.shares && label.value <= 1.0;
  }
  if (!(layout.largest > 0.0)) layout.largest = 1.0;
  return layout;
}

std::string label_commands(const std::vector<BarLabel>& labels) {
  std::string text;
  for (const BarLabel& label : labels) {
    text +=
        "set label " + gnuplot_string(label.text) +
        fmt::format(" at first {:.6g}, first {:.6g} left offset 0.6,0 {}\n", label.value, label.y, kNoteFont);
  }
  return text;
}

/// What has no bar, below everything else.
std::string without_commands(const std::vector<std::string>& lines, int height) {
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const double y =
        static_cast<double>(kLineHeight) * (static_cast<double>(lines.size() - i) - 0.3) / height;
    text += "set label " + gnuplot_string(lines[i]) +
            fmt::format(" at screen 0.5, screen {:.5f} center {} textcolor rgb '#555555'\n", y, kNoteFont);
  }
  return text;
}

/// The title in the middle of the picture, not of the bars; the margins in pixels.
std::string bars_frame(const Chart& chart, const BarsLook& look, const BarsLayout& layout, double below) {
  const double left = layout.left / chart.width, right = layout.right / chart.width;
  const std::string middle = fmt::format(" offset screen {:.5f},0", 0.5 - (left + right) / 2);
  return title_command(look.title, chart.width, "", middle) + "set xlabel " + gnuplot_string(look.axis) +
         fmt::format("\nset lmargin at screen {:.5f}\nset rmargin at screen {:.5f}\n", left, right) +
         fmt::format("set bmargin at screen {:.5f}\n", below / chart.height) +
         "set border 3 linecolor rgb '#555555'\nset xtics nomirror out\nset format x '%g'\n" +
         (layout.shares && layout.largest > 1.0 ? "set xtics 0,0.2,1\n" : "") +
         "set grid xtics linetype 1 linewidth 1 linecolor rgb '#dddddd'\n"
         "set style fill solid 0.85 noborder\n";
}

/// Horizontal bars from top to bottom, each with a name in front and a number behind it. @param bars at least
/// one.
Chart ranked_bars_chart(const std::vector<Bar>& bars, const BarsLook& look) {
  const bool two = !look.second.empty(), legend = !look.first.empty();
  const auto count = static_cast<int>(bars.size());
  Chart chart;
  const auto without = wrapped(look.without, 0.95 * chart.width, 2, kSmallLetters);
  const int extra = static_cast<int>(without.size()) * kLineHeight;
  chart.height =
      kFrameHeight + count * (two ? kTallRowHeight : kRowHeight) + extra + (legend ? kLegendHeight : 0);
  std::vector<TaggedName> tagged;
  tagged.reserve(bars.size());
  for (const Bar& bar : bars) tagged.push_back({bar.name, bar.tag});
  const auto names = distinct_names(tagged, kNameWidth, kSmallLetters);
  const auto labels = labels_of(bars, two);
  const BarsLayout layout = bars_layout(names, labels, chart.width);
  constexpr int kAxis = 100;  // Numbers and label of the x axis.
  const double key = static_cast<double>(extra + 8) / chart.height;
  chart.commands =
      bars_frame(chart, look, layout, kAxis + extra + (legend ? kLegendHeight : 0)) +
      fmt::format("set yrange [{}-0.4:-0.6]\nset xrange [0:{:.9g}]\n", count, layout.largest) +
      name_tics(names) + label_commands(labels) + without_commands(without, chart.height) +
      (legend ? fmt::format("set key center bottom at screen 0.5,{:.5f} horizontal reverse Left\n", key)
              : "unset key\n") +
      "plot " + bar_source("'#0077bb'", look.first) +
      (two ? ", " + bar_source("'#ee7733'", look.second) : "") + "\n";
  chart.data.push_back(boxes(bars, &Bar::value, two ? -0.38 : -0.35, two ? -0.02 : 0.35));
  if (two) chart.data.push_back(boxes(bars, &Bar::second, 0.02, 0.38));
  return chart;
}

std::string search_title(const TuningResult& result) {
  return result.name + ": " + core::counted(static_cast<std::int64_t>(result.trials.size()), "trial") + ", " +
         result.search + " search" + (result.synthetic ? " (synthetic digits)" : "");
}

double score_of(const TrialResult& trial) {
  return trial.score.value_or(std::nan(""));
}

Chart trial_bars(const TuningResult& result) {
  std::vector<Bar> bars;
  for (const TrialResult* trial : metric::ranked_trials(result)) {
    const bool done = trial->status == TrialStatus::completed;
    const std::string why = trial->error.empty() ? "" : ": " + trial->error;
    bars.push_back({metric::trial_text(*trial), "trial " + std::to_string(trial->id), score_of(*trial), 0.0,
                    done ? "" : std::string(metric::trial_status_name(trial->status)) + why});
  }
  return ranked_bars_chart(bars, {search_title(result), result.objective, "", "", ""});
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
  chart.commands = title_command(search_title(result), chart.width) +
                   "set border 3 linecolor rgb '#555555'\nset tics nomirror out\nset format '%g'\n"
                   "set grid linetype 1 linewidth 1 linecolor rgb '#dddddd'\n"
                   "set key center bottom at screen 0.5,0.012 horizontal reverse Left\n"
                   "set xlabel 'Trial'\nset bmargin at screen 0.16\nset ylabel " +
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
  const auto ranked = metric::ranked_backbones(result);
  // Where nothing has a result, each row says why.
  const bool some = metric::best_score(*ranked.front()).has_value();
  std::vector<Bar> bars;
  std::string without;
  for (const BackboneResult* b : ranked) {
    const bool scored = metric::best_score(*b).has_value();
    const std::string why = b->error.value_or("no score");
    if (scored || !some) {
      bars.push_back({b->name, b->weights, accuracy_of(b->frozen), accuracy_of(b->unfrozen),
                      scored ? seconds_text(*b) : why});
    } else {
      without += (without.empty() ? "Without a result: " : ", ") + b->name;
    }
  }
  const bool two =
      std::any_of(bars.begin(), bars.end(), [](const Bar& b) { return std::isfinite(b.second); });
  return ranked_bars_chart(bars,
                           {result.name + ": backbones" + (result.synthetic ? " (synthetic digits)" : ""),
                            "Best validation accuracy (and time of training)", "frozen",
                            two ? "last layers trained too" : "", without});
}

ChartResult write_comparison_chart(const std::filesystem::path& path,
                                   const metric::ComparisonResult& result) {
  return write_chart(path, comparison_chart(result));
}

}  // namespace svhn::report
