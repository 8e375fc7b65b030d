#pragma once
/// A search's results as a chart.

#include <filesystem>

#include "metric/tuning.h"
#include "report/charts/chart.h"

namespace svhn::report {

/// Up to 40 trials are bars with their values, best first; more are points in the order they were tried, with
/// the best so far as a line.
/// @throws core::Error(data) when there is no trial.
Chart tuning_chart(const metric::TuningResult& result);

/// @param path .png or .svg. @throws as tuning_chart and write_chart
ChartResult write_tuning_chart(const std::filesystem::path& path, const metric::TuningResult& result);

}  // namespace svhn::report
