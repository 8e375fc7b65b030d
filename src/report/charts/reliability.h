#pragma once
/// The reliability diagram: how often predictions of each confidence are right, against the diagonal on which
/// a model would be that means what it says.

#include <filesystem>
#include <string>

#include "metric/calibration.h"
#include "report/charts/chart.h"

namespace svhn::report {

/// @param title any text; the expected calibration error stands below it.
Chart reliability_chart(const metric::ReliabilityBins& bins, const std::string& title);

/// @param path .png or .svg. @throws as write_chart
ChartResult write_reliability_chart(const std::filesystem::path& path, const metric::ReliabilityBins& bins,
                                    const std::string& title);

}  // namespace svhn::report
