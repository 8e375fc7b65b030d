#include "report/charts/ranked_bars.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "core/json.h"

namespace svhn::report {
namespace {

constexpr std::size_t kNameBytes = 60;
constexpr int kRowHeight = 34, kTallRowHeight = 56, kFrameHeight = 190;

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

/// A number behind a bar is a label of the script, since its note is any text.
std::string value_label(double value, double y, const std::string& note) {
  if (!std::isfinite(value)) return {};
  std::array<char, 96> text{}, place{};
  std::snprintf(text.data(), text.size(), "%.4g", value);
  std::snprintf(place.data(), place.size(), " at first %.6g, first %.6g left offset 0.6,0 font 'sans,14'\n",
                value, y);
  return "set label " + gnuplot_string(text.data() + (note.empty() ? "" : "  " + core::printable(note, 80))) +
         place.data();
}

std::string missing_label(double y, const std::string& note) {
  if (note.empty()) return {};
  return "set label " + gnuplot_string(core::printable(note, 80)) + " at first 0, first " +
         std::to_string(y) + " left offset 0.6,0 font 'sans,14' textcolor rgb '#777777'\n";
}

/// x, y, left, right, bottom, top: what `boxxyerror` takes.
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

/// The note stands behind the last number of a bar, or in place of one.
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

}  // namespace

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

}  // namespace svhn::report
