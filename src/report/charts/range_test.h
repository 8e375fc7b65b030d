#pragma once
/// The curve of a learning-rate range test.

#include <filesystem>
#include <string>

#include "metric/range_test.h"
#include "report/charts/chart.h"

namespace svhn::report {

/// @param test at least one step. @param title any text.
/// @returns the chart of the loss over the logarithm of the rate; a line marks the suggested rate.
Chart range_test_chart(const metric::RangeTest& test, const std::string& title);

/// Draws that chart into a PNG or SVG file.
ChartResult write_range_test_chart(const std::filesystem::path& path, const metric::RangeTest& test,
                                   const std::string& title);

}  // namespace svhn::report
