#include "report/charts/range_test.h"

#include <spdlog/fmt/fmt.h>

namespace svhn::report {

Chart range_test_chart(const metric::RangeTest& test, const std::string& title) {
  Chart chart;
  chart.commands = title_command(title, chart.width) +
                   "set xlabel 'Learning rate'\nset ylabel 'Training loss'\nset logscale x\n"
                   "set format x '%g'\nset border 3 linecolor rgb '#555555'\nset tics nomirror out\n"
                   "set grid linetype 1 linewidth 1 linecolor rgb '#dddddd'\nset key center bottom at screen "
                   "0.5,0.012 horizontal reverse Left\nset bmargin at screen 0.17\n";
  if (const auto suggestion = test.suggestion()) {
    chart.commands += fmt::format(
        "set arrow from first {0:.9g}, graph 0 to first {0:.9g}, graph 1 nohead dashtype 2 linecolor rgb "
        "'#777777'\nset label '{0:.2g}' at first {0:.9g}, graph 0.95 offset 0.5,0\n",
        suggestion->steepest);
  }
  chart.commands +=
      "plot '-' using 1:2 with points pointtype 7 pointsize 0.8 linecolor rgb '#99c9e8' title 'loss of a "
      "batch', "
      "'-' using 1:2 with lines linewidth 3 linecolor rgb '#0077bb' title 'smoothed'\n";
  Rows losses, smoothed;
  for (const metric::RangePoint& point : test.points()) {
    losses.push_back({point.rate, point.loss});
    smoothed.push_back({point.rate, point.smoothed});
  }
  chart.data = {losses, smoothed};
  return chart;
}

ChartResult write_range_test_chart(const std::filesystem::path& path, const metric::RangeTest& test,
                                   const std::string& title) {
  return write_chart(path, range_test_chart(test, title));
}

}  // namespace svhn::report
