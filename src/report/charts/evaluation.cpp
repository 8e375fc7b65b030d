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

/// Column, row, square root of the share of the row, count, colour of the count.
Rows cells(const ConfusionCounts& counts) {
  Rows rows;
  for (std::size_t t = 0; t < counts.size(); ++t) {
    const auto support = std::accumulate(counts[t].begin(), counts[t].end(), std::int64_t{0});
    for (std::size_t p = 0; p < counts[t].size(); ++p) {
      const auto count = static_cast<double>(counts[t][p]);
      const double shade = std::sqrt(count / static_cast<double>(std::max<std::int64_t>(support, 1)));
      const double ink = counts[t][p] == 0 ? kGrey : shade < kDark ? kBlack : kWhite;
      rows.push_back({static_cast<double>(p), static_cast<double>(t), shade, count, ink});
    }
  }
  return rows;
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

}  // namespace

Chart confusion_chart(const ConfusionCounts& counts, const std::string& title) {
  const std::string tics = digit_tics();
  Chart chart;
  chart.width = 1100;
  chart.height = 1000;
  chart.commands =
      title_command(title, chart.width) +
      "set xlabel 'Predicted digit'\nset ylabel 'True digit'\n"
      "set xtics scale 0 " +
      tics + "\nset ytics scale 0 " + tics +
      "\nset xrange [-0.5:9.5]\nset yrange [9.5:-0.5]\nset size ratio -1\nunset key\n"
      "set border 15 linecolor rgb '#555555'\n"
      "set palette defined (0 '#ffffff', 0.1 '#d0e6f5', 0.5 '#4a9fd0', 1 '#00487a')\n"
      "set cbrange [0:1]\nset cblabel 'Share of the true digit (shade: square root)' offset 0.8,0\n"
      "set cbtics " +
      share_tics() +
      "\n"
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

ChartResult write_reliability_chart(const std::filesystem::path& path, const metric::ReliabilityBins& bins,
                                    const std::string& title) {
  return write_chart(path, reliability_chart(bins, title));
}

}  // namespace svhn::report
