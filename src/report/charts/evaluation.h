#pragma once
/// Charts of an evaluation: the confusion matrix, the reliability diagram, the coverage curve, errors on
/// corrupted images.

#include <filesystem>
#include <optional>
#include <string>

#include "metric/confusion.h"
#include "metric/coverage.h"
#include "metric/robustness.h"
#include "metric/scores.h"
#include "report/charts/chart.h"

namespace svhn::report {

/// @returns the confusion matrix as a heat map of counts. Rows are true digits, columns are predicted digits,
/// both in the order 1 … 9, 0; the shade of a cell is the square root of its share of the true digit's
/// images, so that few errors are visible.
/// @param title any text.
Chart confusion_chart(const metric::ConfusionCounts& counts, const std::string& title);

/// Writes `confusion_chart` to a file.
/// @param path .png or .svg. @throws as write_chart
ChartResult write_confusion_chart(const std::filesystem::path& path, const metric::ConfusionCounts& counts,
                                  const std::string& title);

/// @returns the reliability diagram: accuracy against confidence in each bin, with the diagonal of a
/// perfectly calibrated model.
/// @param title any text; the expected calibration error stands below it.
Chart reliability_chart(const metric::ReliabilityBins& bins, const std::string& title);

/// Writes `reliability_chart` to a file.
/// @param path .png or .svg. @throws as write_chart
ChartResult write_reliability_chart(const std::filesystem::path& path, const metric::ReliabilityBins& bins,
                                    const std::string& title);

/// @returns the accuracy of the surest images by their share, with the mean risk below the title.
/// @param threshold of a rejection, which is marked. @param title any text.
Chart coverage_chart(const metric::CoverageCurve& curve, std::optional<double> threshold,
                     const std::string& title);

/// Writes `coverage_chart` to a file.
/// @param path .png or .svg. @throws as write_chart
ChartResult write_coverage_chart(const std::filesystem::path& path, const metric::CoverageCurve& curve,
                                 std::optional<double> threshold, const std::string& title);

/// @returns the errors as a heat map in percent: a row for each corruption and one of means, a column for
/// each severity and one of means. The shade of a cell is the square root of its error.
/// @param title any text.
Chart robustness_chart(const metric::Robustness& result, const std::string& title);

/// Writes `robustness_chart` to a file.
/// @param path .png or .svg. @throws as write_chart
ChartResult write_robustness_chart(const std::filesystem::path& path, const metric::Robustness& result,
                                   const std::string& title);

}  // namespace svhn::report
