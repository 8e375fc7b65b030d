#pragma once
/// A comparison of backbones as a chart: bars of their validation accuracy, frozen and unfrozen, best first.

#include <filesystem>

#include "metric/comparison.h"
#include "report/charts/chart.h"

namespace svhn::report {

/// @throws core::Error(data) when there is no backbone.
Chart comparison_chart(const metric::ComparisonResult& result);

/// @param path .png or .svg. @throws as comparison_chart and write_chart
ChartResult write_comparison_chart(const std::filesystem::path& path, const metric::ComparisonResult& result);

}  // namespace svhn::report
