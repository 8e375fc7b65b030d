#include "report/charts/evaluation.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace svhn::report {
namespace {

using metric::ConfusionCounts;
using metric::kClasses;

// A white text has at least the contrast of a black one from here on; the palette is that of confusion_chart.
constexpr double kDark = 0.7;
constexpr double kBlack = 0x000000, kWhite = 0xffffff, kGrey = 0x767676;

std::string digit_tics() {
  std::string tics;
  for (int index = 0; index < kClasses; ++index) {
    tics += (index == 0 ? "'" : ", '") + std::to_string(metric::class_digit(index)) + "' " +
            std::to_string(index);
  }
  return "(" + tics + ")";
}

/// Tics of the colours, which show the square root of a share.
std::string share_tics() {
  std::string tics;
  for (const char* share : {"0", "0.01", "0.05", "0.1", "0.2", "0.4", "0.6", "0.8", "1"})
    tics += fmt::format("{}'{}' sqrt({})", tics.empty() ? "" : ", ", share, share);
  return "(" + tics + ")";
}

/// Column, row, square root of a share, number, colour of the number.
std::vector<double> cell(std::size_t column, std::size_t row, double share, double number) {
  const double shade = std::sqrt(share);
  const double ink = number == 0.0 ? kGrey : shade < kDark ? kBlack : kWhite;
  return {static_cast<double>(column), static_cast<double>(row), shade, number, ink};
}

Rows cells(const ConfusionCounts& counts) {
  Rows rows;
  for (std::size_t t = 0; t < counts.size(); ++t) {
    const auto support = std::accumulate(counts[t].begin(), counts[t].end(), std::int64_t{0});
    for (std::size_t p = 0; p < counts[t].size(); ++p) {
      const auto count = static_cast<double>(counts[t][p]);
      rows.push_back(cell(p, t, count / static_cast<double>(std::max<std::int64_t>(support, 1)), count));
    }
  }
  return rows;
}

/// The errors with their means, in percent.
Rows error_cells(const metric::Robustness& result) {
  Rows rows;
  const std::size_t severities = result.severities.size();
  const auto table = metric::with_means(result.errors);
  for (std::size_t y = 0; y < table.size(); ++y) {
    for (std::size_t x = 0; x <= severities; ++x)
      rows.push_back(cell(x, y, table[y][x], 100.0 * table[y][x]));
  }
  return rows;
}

/// @returns the tics of an axis. @param names any texts; underscores become spaces.
std::string named_tics(std::vector<std::string> names) {
  std::string tics;
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::ranges::replace(names[i], '_', ' ');
    tics += (i == 0 ? "" : ", ") + gnuplot_string(names[i]) + " " + std::to_string(i);
  }
  return "(" + tics + ")";
}

/// What all heat maps of shares have in common.
std::string share_map_commands(const std::string& bar) {
  return "set border 15 linecolor rgb '#555555'\nunset key\n"
         "set palette defined (0 '#ffffff', 0.1 '#d0e6f5', 0.5 '#4a9fd0', 1 '#00487a')\n"
         "set cbrange [0:1]\nset cblabel '" +
         bar + "' offset 0.8,0\nset cbtics " + share_tics() + "\n";
}

/// Middle of the bin, mean confidence, accuracy, share of all images; empty bins are gaps.
Rows bin_rows(const metric::ReliabilityBins& bins) {
  std::int64_t total = 0;
  for (const auto& bin : bins) total += bin.count;
  Rows rows;
  for (const auto& bin : bins) {
    if (bin.count == 0) continue;
    rows.push_back({(bin.low + bin.high) / 2, bin.confidence, bin.accuracy,
                    static_cast<double>(bin.count) / static_cast<double>(total)});
  }
  if (rows.empty()) rows.push_back({0.5, 0.0, 0.0, 0.0});
  return rows;
}

/// Coverage, accuracy.
Rows coverage_rows(const metric::CoverageCurve& curve) {
  Rows rows;
  for (const auto& step : metric::percent_steps(curve))
    rows.push_back({curve.coverage(step), step.accuracy()});
  if (rows.empty()) rows.push_back({1.0, 0.0});
  return rows;
}

/// The point of a rejection; none where nothing is answered.
Rows rejection_rows(const metric::CoverageCurve& curve, std::optional<double> threshold) {
  if (!threshold) return {};
  const auto rejection = metric::rejection_at(curve, *threshold);
  if (!rejection.accuracy) return {};
  return {{rejection.coverage, *rejection.accuracy}};
}

/// @returns a lower end for the axis: the lowest accuracy, down to a twentieth.
double lowest_accuracy(const Rows& rows) {
  constexpr double kSteps = 20.0;
  double lowest = 1.0;
  for (const auto& row : rows) lowest = std::min(lowest, row[1]);
  return std::max(0.0, (std::ceil(lowest * kSteps) - 1.0) / kSteps);
}

}  // namespace

Chart confusion_chart(const ConfusionCounts& counts, const std::string& title) {
  const std::string tics = digit_tics();
  Chart chart;
  chart.width = 1100;
  chart.height = 1000;
  chart.commands = title_command(title, chart.width) +
                   "set xlabel 'Predicted digit'\nset ylabel 'True digit'\n"
                   "set xtics scale 0 " +
                   tics + "\nset ytics scale 0 " + tics +
                   "\nset xrange [-0.5:9.5]\nset yrange [9.5:-0.5]\nset size ratio -1\n" +
                   share_map_commands("Share of the true digit (shade: square root)") +
                   "plot '-' using 1:2:3 with image pixels, "
                   "'-' using 1:2:(sprintf('%.0f', $4)):5 with labels textcolor rgb variable\n";
  const Rows rows = cells(counts);
  chart.data = {rows, rows};
  return chart;
}

ChartResult write_confusion_chart(const std::filesystem::path& path, const ConfusionCounts& counts,
                                  const std::string& title) {
  return write_chart(path, confusion_chart(counts, title));
}

Chart reliability_chart(const metric::ReliabilityBins& bins, const std::string& title) {
  const std::string width = std::to_string(1.0 / metric::kCalibrationBins);
  Chart chart;
  chart.width = 1000;
  chart.height = 1000;
  const std::string error = fmt::format("calibration error {:.4f}", metric::expected_calibration_error(bins));
  chart.commands = title_command(title, chart.width, error) +
                   "set border 3 linecolor rgb '#555555'\nset tics nomirror out 0,0.2,1\n"
                   "set grid linetype 1 linewidth 1 linecolor rgb '#dddddd'\n"
                   "set xrange [0:1]\nset yrange [0:1]\nset size square\nset format '%.1f'\n"
                   "set key top left reverse Left samplen 2 opaque\n"
                   "set xlabel 'Confidence: probability of the predicted digit'\n"
                   "set ylabel 'Share of right predictions'\n"
                   "set boxwidth " +
                   width +
                   "\nset style fill solid 0.55 border rgb '#ffffff'\n"
                   "plot '-' using 1:3 with boxes linecolor rgb '#0077bb' title 'accuracy in the bin', "
                   "'-' using 1:4:(" +
                   width +
                   "*0.35) with boxes linecolor rgb '#555555' title 'share of all images', "
                   "'-' using 1:2 with lines linewidth 2 dashtype 2 linecolor rgb '#333333' "
                   "title 'perfectly calibrated', "
                   "'-' using 2:3 with linespoints linewidth 3 pointtype 7 pointsize 1.3 linecolor rgb "
                   "'#cc3311' title 'accuracy at the mean confidence'\n";
  const Rows rows = bin_rows(bins);
  chart.data = {rows, rows, Rows{{0, 0}, {1, 1}}, rows};
  return chart;
}

Chart robustness_chart(const metric::Robustness& result, const std::string& title) {
  std::vector<std::string> corruptions, severities;
  for (const auto& corruption : result.corruptions) corruptions.push_back(corruption.name);
  for (const int severity : result.severities) severities.push_back(std::to_string(severity));
  corruptions.emplace_back("mean");
  severities.emplace_back("mean");
  const double rows = static_cast<double>(corruptions.size()),
               columns = static_cast<double>(severities.size());
  constexpr int kFrame = 260, kRow = 46;
  Chart chart;
  chart.width = 1100;
  chart.height = kFrame + kRow * static_cast<int>(corruptions.size());
  const std::string clean = fmt::format("clean error {:.2f} %", 100.0 * result.errors.clean);
  chart.commands = title_command(title, chart.width, clean) + "set xlabel 'Severity'\nset xtics scale 0 " +
                   named_tics(severities) + "\nset ytics scale 0 " + named_tics(corruptions) +
                   fmt::format("\nset xrange [-0.5:{}]\nset yrange [{}:-0.5]\n", columns - 0.5, rows - 0.5) +
                   share_map_commands("Error (shade: square root)") +
                   fmt::format("set arrow from {0},-0.5 to {0},{1} nohead front linecolor rgb '#555555'\n",
                               columns - 1.5, rows - 0.5) +
                   fmt::format("set arrow from -0.5,{0} to {1},{0} nohead front linecolor rgb '#555555'\n",
                               rows - 1.5, columns - 0.5) +
                   "plot '-' using 1:2:3 with image pixels, "
                   "'-' using 1:2:(sprintf('%.1f', $4)):5 with labels textcolor rgb variable\n";
  const Rows cells = error_cells(result);
  chart.data = {cells, cells};
  return chart;
}

ChartResult write_robustness_chart(const std::filesystem::path& path, const metric::Robustness& result,
                                   const std::string& title) {
  return write_chart(path, robustness_chart(result, title));
}

ChartResult write_reliability_chart(const std::filesystem::path& path, const metric::ReliabilityBins& bins,
                                    const std::string& title) {
  return write_chart(path, reliability_chart(bins, title));
}

Chart coverage_chart(const metric::CoverageCurve& curve, std::optional<double> threshold,
                     const std::string& title) {
  Chart chart;
  chart.width = 1200;
  chart.height = 800;
  const std::string area =
      fmt::format("area under the risk-coverage curve {:.4f}", metric::risk_coverage_area(curve));
  const Rows rows = coverage_rows(curve), marked = rejection_rows(curve, threshold);
  chart.commands =
      title_command(title, chart.width, area) +
      "set border 3 linecolor rgb '#555555'\nset tics nomirror out\nset xtics 0,0.1,1\n"
      "set grid linetype 1 linewidth 1 linecolor rgb '#dddddd'\n"
      "set xrange [0:1]\n" +
      fmt::format("set yrange [{:.2f}:1]\n", lowest_accuracy(rows)) +
      "set format x '%.1f'\nset format y '%.2f'\nset key bottom left reverse Left samplen 2 opaque\n"
      "set xlabel 'Coverage: share of the images that are answered, the surest first'\n"
      "set ylabel 'Share of right answers'\n"
      "plot '-' using 1:2 with lines linewidth 3 linecolor rgb '#0077bb' "
      "title 'accuracy of the answers'";
  chart.data = {rows};
  if (!marked.empty()) {
    chart.commands += fmt::format(
        ", '-' using 1:2 with points pointtype 7 pointsize 2 linecolor rgb '#cc3311' title 'answers of at "
        "least {:g}'",
        threshold.value_or(0.0));
    chart.data.push_back(marked);
  }
  chart.commands += "\n";
  return chart;
}

ChartResult write_coverage_chart(const std::filesystem::path& path, const metric::CoverageCurve& curve,
                                 std::optional<double> threshold, const std::string& title) {
  return write_chart(path, coverage_chart(curve, threshold, title));
}

}  // namespace svhn::report
