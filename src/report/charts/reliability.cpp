#include "report/charts/reliability.h"

#include <array>
#include <cstdio>

namespace svhn::report {
namespace {

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

/// On a line of its own: together they would be wider than the picture.
std::string two_lines(const std::string& title, const metric::ReliabilityBins& bins) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "calibration error %.4f", metric::expected_calibration_error(bins));
  return gnuplot_string(title) + ".\"\\n\"." + gnuplot_string(text.data());
}

}  // namespace

Chart reliability_chart(const metric::ReliabilityBins& bins, const std::string& title) {
  const std::string width = std::to_string(1.0 / metric::kCalibrationBins);
  Chart chart;
  chart.width = 1000;
  chart.height = 1000;
  chart.commands = "set title " + two_lines(title, bins) +
                   "\nset border 3 linecolor rgb '#555555'\nset tics nomirror out 0,0.2,1\n"
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
