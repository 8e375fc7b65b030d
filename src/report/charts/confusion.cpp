#include "report/charts/confusion.h"

#include <algorithm>
#include <numeric>

namespace svhn::report {
namespace {

using metric::ConfusionCounts;
using metric::kClasses;

constexpr double kDark = 0.5;  ///< From this share on, dark text could not be read.
constexpr double kBlack = 0x000000, kWhite = 0xffffff;

std::string digit_tics() {
  std::string tics;
  for (int index = 0; index < kClasses; ++index) {
    tics += (index == 0 ? "'" : ", '") + std::to_string(metric::class_digit(index)) + "' " +
            std::to_string(index);
  }
  return "(" + tics + ")";
}

/// Column, row, share of the row, count, colour of the count.
Rows cells(const ConfusionCounts& counts) {
  Rows rows;
  for (std::size_t t = 0; t < counts.size(); ++t) {
    const auto support = std::accumulate(counts[t].begin(), counts[t].end(), std::int64_t{0});
    for (std::size_t p = 0; p < counts[t].size(); ++p) {
      const auto count = static_cast<double>(counts[t][p]);
      const double share = count / static_cast<double>(std::max<std::int64_t>(support, 1));
      rows.push_back(
          {static_cast<double>(p), static_cast<double>(t), share, count, share < kDark ? kBlack : kWhite});
    }
  }
  return rows;
}

}  // namespace

Chart confusion_chart(const ConfusionCounts& counts, const std::string& title) {
  const std::string tics = digit_tics();
  Chart chart;
  chart.width = 1100;
  chart.height = 1000;
  chart.commands =
      "set title " + gnuplot_string(title) +
      "\nset xlabel 'Predicted digit'\nset ylabel 'True digit'\n"
      "set xtics scale 0 " +
      tics + "\nset ytics scale 0 " + tics +
      "\nset xrange [-0.5:9.5]\nset yrange [9.5:-0.5]\nset size ratio -1\nunset key\n"
      "set border 15 linecolor rgb '#555555'\n"
      "set palette defined (0 '#ffffff', 0.1 '#d0e6f5', 0.5 '#4a9fd0', 1 '#00487a')\n"
      "set cbrange [0:1]\nset cblabel 'Share of the true digit' offset 0.8,0\nset format cb '%.1f'\n"
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

}  // namespace svhn::report
