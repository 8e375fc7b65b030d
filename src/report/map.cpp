#include "svhn/report/map.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "svhn/core/error.h"
#include "svhn/metric/classes.h"

namespace svhn::report {
namespace {

using metric::kClasses;
using ByClass = std::array<Rows, kClasses>;

constexpr std::size_t kMany = 20'000, kFew = 2'000;

[[noreturn]] void refuse(const std::string& what) {
  throw core::Error(core::ExitCode::data, what, "make the map again with 'svhn interpret --what tsne'");
}

ByClass sort_by_class(const MapPoints& points) {
  if (points.positions.size() != 2 * points.classes.size()) {
    refuse("a map has " + std::to_string(points.positions.size()) + " coordinates for " +
           std::to_string(points.classes.size()) + " images");
  }
  ByClass sorted;
  for (std::size_t i = 0; i < points.classes.size(); ++i) {
    if (points.classes[i] >= kClasses) refuse("an image of a map is of no class");
    const double x = points.positions[2 * i], y = points.positions[2 * i + 1];
    if (std::isfinite(x) && std::isfinite(y)) sorted[points.classes[i]].push_back({x, y});
  }
  return sorted;
}

double median(const Rows& rows, std::size_t column) {
  std::vector<double> values;
  values.reserve(rows.size());
  for (const auto& row : rows) values.push_back(row[column]);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Small and translucent, the more so the more there are, so that density stays visible.
std::string point_look(std::size_t points) {
  if (points > kMany) return "pointsize 0.25 linecolor rgb '#80";
  return points > kFew ? "pointsize 0.4 linecolor rgb '#60" : "pointsize 0.8 linecolor rgb '#40";
}

std::string names_source(const char* colour, int size, const std::string& offset) {
  return "'-' using 1:2:(sprintf('%.0f', $3)) with labels notitle font 'sans-bold," + std::to_string(size) +
         "' textcolor rgb '" + colour + "'" + offset;
}

const char* frame() {
  return "\nset border 0\nunset xtics\nunset ytics\nset size ratio -1\n"
         "set key outside right center samplen 1 spacing 1.3\n"
         "set lmargin 2\nset bmargin 2\n";
}

void add_digit(Chart& chart, Rows& names, int index, Rows rows, const std::string& look) {
  const std::string digit = std::to_string(metric::class_digit(index));
  const std::string colour(kDigitColours[index]);
  chart.commands += "'-' using 1:2 with points notitle pointtype 7 " + look + colour.substr(1) + "', ";
  chart.commands += "'-' using 1:2 with points pointtype 7 pointsize 1.8 linecolor rgb '" + colour +
                    "' title '" + digit + "', ";
  if (rows.empty()) rows.push_back({std::nan(""), std::nan("")});
  if (std::isfinite(rows.front()[0])) {
    names.push_back({median(rows, 0), median(rows, 1), static_cast<double>(metric::class_digit(index))});
  }
  chart.data.push_back(std::move(rows));
  chart.data.push_back({{std::nan(""), std::nan("")}});
}

}  // namespace

Chart map_chart(const MapPoints& points, const std::string& title) {
  ByClass sorted = sort_by_class(points);
  std::size_t count = 0;
  for (const Rows& rows : sorted) count += rows.size();
  if (count == 0) refuse("a map has no point to draw");
  Chart chart;
  chart.width = 1200;
  chart.height = 1080;
  chart.commands = "set title " + gnuplot_string(title) + frame() + "plot ";
  Rows names;
  for (int index = 0; index < kClasses; ++index) {
    add_digit(chart, names, index, std::move(sorted[metric::class_slot(index)]), point_look(count));
  }
  // White below dark, a little larger, so that a name reads on any colour.
  chart.commands += names_source("#ffffff", 34, "") + ", " + names_source("#000000", 26, "") + "\n";
  chart.data.push_back(names);
  chart.data.push_back(names);
  return chart;
}

ChartResult write_map_chart(const std::filesystem::path& path, const MapPoints& points,
                            const std::string& title) {
  return write_chart(path, map_chart(points, title));
}

}  // namespace svhn::report
