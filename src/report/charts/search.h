#pragma once
/// Charts of the results of a hyperparameter search and of a comparison of backbones.

#include <filesystem>

#include "metric/comparison.h"
#include "metric/tuning.h"
#include "report/charts/chart.h"

namespace svhn::report {

/// @returns bars with the scores of up to 40 trials, best first; for more trials points in the order in which
/// they ran, with the best score so far as a line.
/// @throws core::Error(data) when there is no trial.
Chart tuning_chart(const metric::TuningResult& result);

/// Writes `tuning_chart` to a file.
/// @param path .png or .svg. @throws as tuning_chart and write_chart
ChartResult write_tuning_chart(const std::filesystem::path& path, const metric::TuningResult& result);

/// @returns bars with the validation accuracy of each backbone, frozen and unfrozen, best first; those
/// without a result are named below, or have a row with the reason where there is no result at all.
/// @throws core::Error(data) when there is no backbone.
Chart comparison_chart(const metric::ComparisonResult& result);

/// Writes `comparison_chart` to a file.
/// @param path .png or .svg. @throws as comparison_chart and write_chart
ChartResult write_comparison_chart(const std::filesystem::path& path, const metric::ComparisonResult& result);

}  // namespace svhn::report
