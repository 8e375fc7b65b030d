#include "report/charts/map.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <vector>

#include "core/error.h"
#include "metric/classes.h"

namespace svhn::report {
namespace {

using metric::kClasses;
using ByClass = std::array<Rows, kClasses>;

constexpr std::size_t kMany = 20'000, kFew = 2'000;
constexpr int kSquares = 20;
constexpr double kHuge = std::numeric_limits<double>::max();

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

/// A histogram grid over the map, to find where a digit is densest.
struct DensityGrid {
  explicit DensityGrid(const ByClass& points) {
    for (const Rows& rows : points) {
      for (const auto& row : rows) {
        for (std::size_t axis : {0U, 1U}) {
          low[axis] = std::min(low[axis], row[axis]);
          high[axis] = std::max(high[axis], row[axis]);
        }
      }
    }
    side = std::max({high[0] - low[0], high[1] - low[1], 1e-30}) / kSquares;
  }
  [[nodiscard]] int square(const std::vector<double>& row, std::size_t axis) const {
    return std::min(kSquares - 1, static_cast<int>((row[axis] - low[axis]) / side));
  }

  std::array<double, 2> low{kHuge, kHuge}, high{-kHuge, -kHuge};
  double side = 1.0;
};

/// A digit may form several clusters: its name is drawn at the densest.
std::vector<double> name_position(const Rows& rows, const DensityGrid& grid) {
  std::array<std::array<int, kSquares + 2>, kSquares + 2> counts{};
  const auto around = [&](std::size_t x, std::size_t y) {
    int sum = 0;
    for (std::size_t i = x - 1; i <= x + 1; ++i) {
      for (std::size_t j = y - 1; j <= y + 1; ++j) sum += counts[i][j];
    }
    return sum;
  };
  const auto square = [&](const std::vector<double>& row, std::size_t axis) {
    return static_cast<std::size_t>(grid.square(row, axis)) + 1;
  };
  for (const auto& row : rows) ++counts[square(row, 0)][square(row, 1)];
  const auto& best = *std::max_element(rows.begin(), rows.end(), [&](const auto& a, const auto& b) {
    return around(square(a, 0), square(a, 1)) < around(square(b, 0), square(b, 1));
  });
  Rows near;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(near), [&](const auto& row) {
    return std::abs(grid.square(row, 0) - grid.square(best, 0)) <= 1 &&
           std::abs(grid.square(row, 1) - grid.square(best, 1)) <= 1;
  });
  return {median(near, 0), median(near, 1)};
}

/// Many points are drawn smaller and more transparent, so that density stays visible.
std::string point_look(std::size_t points) {
  if (points > kMany) return "pointsize 0.25 linecolor rgb '#80";
  return points > kFew ? "pointsize 0.4 linecolor rgb '#60" : "pointsize 0.8 linecolor rgb '#40";
}

std::string names_source(const char* colour, int size, const std::string& offset) {
  return "'-' using 1:2:(sprintf('%.0f', $3)) with labels notitle font 'sans-bold," + std::to_string(size) +
         "' textcolor rgb '" + colour + "'" + offset;
}

const char* map_frame() {
  return "\nset border 0\nunset xtics\nunset ytics\nset size ratio -1\n"
         "set key outside right center samplen 1 spacing 1.3\n"
         "set lmargin 2\nset bmargin 2\n";
}

void add_digit(Chart& chart, int index, Rows rows, const std::string& look) {
  const std::string digit = std::to_string(metric::class_digit(index));
  const std::string colour(kDigitColours[index]);
  chart.commands += "'-' using 1:2 with points notitle pointtype 7 " + look + colour.substr(1) + "', ";
  chart.commands += "'-' using 1:2 with points pointtype 7 pointsize 1.8 linecolor rgb '" + colour +
                    "' title '" + digit + "', ";
  if (rows.empty()) rows.push_back({std::nan(""), std::nan("")});
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
  chart.commands = "set title " + gnuplot_string(title) + map_frame() + "plot ";
  const DensityGrid grid(sorted);
  Rows names;
  for (int index = 0; index < kClasses; ++index) {
    Rows& rows = sorted[metric::class_slot(index)];
    if (!rows.empty()) {
      names.push_back(name_position(rows, grid));
      names.back().push_back(static_cast<double>(metric::class_digit(index)));
    }
    add_digit(chart, index, std::move(rows), point_look(count));
  }
  // A larger white text under the black one, so that a name is readable on any colour.
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
