#include "report/charts/map.h"

#include <spdlog/fmt/fmt.h>

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
constexpr int kFewestSquares = 8, kMostSquares = 40;
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

std::size_t count_of(const ByClass& sorted) {
  std::size_t count = 0;
  for (const Rows& rows : sorted) count += rows.size();
  return count;
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
    // Fewer points need larger squares, or two points that happen to be near make the densest place.
    constexpr double kPointsOfSquare = 2.5;
    squares = std::clamp(static_cast<int>(std::sqrt(static_cast<double>(count_of(points)) / kPointsOfSquare)),
                         kFewestSquares, kMostSquares);
    side = std::max({high[0] - low[0], high[1] - low[1], 1e-30}) / squares;
  }
  [[nodiscard]] int square(const std::vector<double>& row, std::size_t axis) const {
    return std::min(squares - 1, static_cast<int>((row[axis] - low[axis]) / side));
  }

  std::array<double, 2> low{kHuge, kHuge}, high{-kHuge, -kHuge};
  int squares = kMostSquares;
  double side = 1.0;
};

/// A digit may form several clusters: its name is drawn at the densest.
std::vector<double> name_position(const Rows& rows, const DensityGrid& grid) {
  std::array<std::array<int, kMostSquares + 2>, kMostSquares + 2> counts{};
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
  // Of the points, that nearest to their middle: the middle itself may be between two clusters.
  const double x = median(near, 0), y = median(near, 1);
  return *std::min_element(near.begin(), near.end(), [&](const auto& a, const auto& b) {
    return std::hypot(a[0] - x, a[1] - y) < std::hypot(b[0] - x, b[1] - y);
  });
}

/// Many points are drawn smaller and more transparent, so that density stays visible.
std::string point_look(std::size_t points) {
  if (points > kMany) return "pointsize 0.25 linecolor rgb '#80";
  return points > kFew ? "pointsize 0.4 linecolor rgb '#60" : "pointsize 0.8 linecolor rgb '#40";
}

/// Pixels around the map: a title of two lines fits above it, the legend beside it.
constexpr int kBorder = 16, kTitleHeight = 100, kLegendWidth = 94;
constexpr double kLongSide = 1010.0, kShortSide = 560.0;
constexpr double kNameSpace = 38.0;  ///< Between the middles of two names.
constexpr double kAbove = 26.0;
constexpr std::size_t kSparse = 200;

/// The part of the plane that is drawn, with one scale for both axes.
struct Frame {
  explicit Frame(const DensityGrid& grid) {
    constexpr double kRoom = 1.06;   // So that no point is cut off.
    constexpr double kLeast = 1e-6;  // Of a map whose points are at one place.
    const double far = std::max({std::abs(grid.low[0]), std::abs(grid.low[1]), 1.0});
    pixel = std::max(grid.side * grid.squares * kRoom, kLeast * far) / kLongSide;
    for (const std::size_t axis : {0U, 1U}) {
      const double range = kRoom * (grid.high[axis] - grid.low[axis]) / pixel;
      sides[axis] = static_cast<int>(std::lround(std::clamp(range, kShortSide, kLongSide)));
      const double middle = (grid.low[axis] + grid.high[axis]) / 2;
      low[axis] = middle - sides[axis] * pixel / 2;
      high[axis] = middle + sides[axis] * pixel / 2;
    }
  }

  double pixel = 1.0;  ///< Its size on the map.
  std::array<int, 2> sides{};
  std::array<double, 2> low{}, high{};
};

/// @returns the settings of the chart's frame, whose size is set.
std::string map_frame(Chart& chart, const Frame& frame) {
  chart.width = kBorder + frame.sides[0] + kLegendWidth;
  chart.height = kBorder + frame.sides[1] + kTitleHeight;
  const auto range = [&](const char* axis, std::size_t at) {
    return fmt::format("set {}range [{:.9g}:{:.9g}]\n", axis, frame.low[at], frame.high[at]);
  };
  const auto margin = [](const char* side, int pixels, int of) {
    return fmt::format("set {}margin at screen {:.5f}\n", side, static_cast<double>(pixels) / of);
  };
  return "set border 0\nunset xtics\nunset ytics\n" + range("x", 0) + range("y", 1) +
         margin("l", kBorder, chart.width) + margin("r", kBorder + frame.sides[0], chart.width) +
         margin("b", kBorder, chart.height) + margin("t", kBorder + frame.sides[1], chart.height) +
         "set key at screen 0.97,0.5 right center samplen 0.5 width -1 spacing 1.3 reverse Left\n";
}

/// Moves names away from each other until each has its space. They stay where they are when they have it.
void push_apart(Rows& names, double space) {
  constexpr int kPasses = 500;
  for (int pass = 0; pass < kPasses; ++pass) {
    bool moved = false;
    for (std::size_t a = 0; a < names.size(); ++a) {
      for (std::size_t b = a + 1; b < names.size(); ++b) {
        double x = names[b][0] - names[a][0], y = names[b][1] - names[a][1];
        const double distance = std::hypot(x, y);
        if (distance >= space) continue;
        if (distance < space * 1e-6) {  // At one place: each pair has a direction of its own.
          x = std::cos(static_cast<double>(a + 3 * b));
          y = std::sin(static_cast<double>(a + 3 * b));
        }
        const double step = (space * 1.01 - distance) / 2 / std::hypot(x, y);
        names[a][0] -= x * step;
        names[a][1] -= y * step;
        names[b][0] += x * step;
        names[b][1] += y * step;
        moved = true;
      }
    }
    if (!moved) return;
  }
}

Rows digit_names(const ByClass& sorted, const DensityGrid& grid) {
  Rows names;
  for (int index = 0; index < kClasses; ++index) {
    const Rows& rows = sorted[metric::class_slot(index)];
    if (rows.empty()) continue;
    names.push_back(name_position(rows, grid));
    names.back().push_back(static_cast<double>(metric::class_digit(index)));
  }
  const double pixel = Frame(grid).pixel;
  if (count_of(sorted) <= kSparse) {  // A name would hide all points of its digit: it stands above them.
    for (auto& name : names) name[1] += kAbove * pixel;
  }
  push_apart(names, kNameSpace * pixel);
  return names;
}

/// The names in black on a white halo: the same letters many times around.
void add_names(Chart& chart, const Rows& names) {
  const auto source = [](const char* colour, const std::string& offset) {
    return "'-' using 1:2:(sprintf('%.0f', $3)) with labels notitle font 'sans:Bold,24' textcolor rgb '" +
           std::string(colour) + "'" + offset;
  };
  constexpr int kAround = 12;
  for (int i = 0; i < kAround; ++i) {
    const double angle = 2 * std::acos(-1.0) * i / kAround;
    const std::string offset =
        fmt::format(" offset character {:.3f},{:.3f}", 0.36 * std::cos(angle), 0.17 * std::sin(angle));
    chart.commands += source("#ffffff", offset) + ", ";
    chart.data.push_back(names);
  }
  chart.commands += source("#000000", "") + "\n";
  chart.data.push_back(names);
}

void add_points(Chart& chart, int index, const Rows& rows, const std::string& look) {
  chart.commands +=
      "'-' using 1:2 with points notitle pointtype 7 " + look + (kDigitColours[index] + 1) + "', ";
  chart.data.push_back(rows.empty() ? Rows{{std::nan(""), std::nan("")}} : rows);
}

void add_digit(Chart& chart, int index, const Rows& rows, const std::string& look) {
  add_points(chart, index, rows, look);
  chart.commands += "'-' using 1:2 with points pointtype 7 pointsize 1.8 linecolor rgb '" +
                    std::string(kDigitColours[index]) + "' title '" +
                    std::to_string(metric::class_digit(index)) + "', ";
  chart.data.push_back({{std::nan(""), std::nan("")}});
}

}  // namespace

Chart map_chart(const MapPoints& points, const std::string& title, const MapPoints& behind) {
  const ByClass sorted = sort_by_class(points), old = sort_by_class(behind);
  if (count_of(sorted) == 0) refuse("a map has no point to draw");
  ByClass all = old;
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i].insert(all[i].end(), sorted[i].begin(), sorted[i].end());
  const DensityGrid grid(all);
  Chart chart;
  const std::string frame = map_frame(chart, Frame(grid));
  chart.commands = title_command(title, chart.width, "", " offset 0,-0.8") + frame + "plot ";
  if (count_of(old) > 0) {
    for (int index = 0; index < kClasses; ++index)
      add_points(chart, index, old[metric::class_slot(index)], "pointsize 0.6 linecolor rgb '#d0");
  }
  const std::string look = point_look(count_of(sorted));
  for (int index = 0; index < kClasses; ++index)
    add_digit(chart, index, sorted[metric::class_slot(index)], look);
  add_names(chart, digit_names(all, grid));
  return chart;
}

ChartResult write_map_chart(const std::filesystem::path& path, const MapPoints& points,
                            const std::string& title, const MapPoints& behind) {
  return write_chart(path, map_chart(points, title, behind));
}

}  // namespace svhn::report
