#pragma once
/// The confusion matrix as a chart: counts in a grid, true digits down, predicted digits across, both in the
/// order 1 … 9, 0; the shade of a cell is its share of the true digit's images.

#include <filesystem>
#include <string>

#include "metric/confusion.h"
#include "report/charts/chart.h"

namespace svhn::report {

/// @param title any text.
Chart confusion_chart(const metric::ConfusionCounts& counts, const std::string& title);

/// @param path .png or .svg. @throws as write_chart
ChartResult write_confusion_chart(const std::filesystem::path& path, const metric::ConfusionCounts& counts,
                                  const std::string& title);

}  // namespace svhn::report
