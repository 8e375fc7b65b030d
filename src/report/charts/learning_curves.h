#pragma once
/// The learning curves of a run as a chart.

#include <string>

#include "metric/history.h"
#include "report/charts/chart.h"

namespace svhn::report {

/// The part of a chart's title that describes the run.
struct RunLabel {
  std::string name;        ///< The model's name, any text.
  bool synthetic = false;  ///< Trained on synthetic digits.
};

/// @param history at least one epoch; the four curves have the same length.
/// @returns e.g. "model_2_1: 12 epochs, best validation accuracy 0.9391 (epoch 11)", where the epoch is the
/// first with the best accuracy.
/// @throws core::Error(data) when there is no epoch yet.
std::string curves_title(const metric::History& history, const RunLabel& label);

/// @returns the chart of loss and accuracy: validation solid, training dotted, loss in blue on the left axis,
/// accuracy in red on the right axis; a dot and a thin line mark the best epoch.
/// @param history as for curves_title; values that are not finite are gaps.
/// @throws core::Error(data) when there is no epoch yet.
Chart learning_curves_chart(const metric::History& history, const RunLabel& label);

/// @returns the chart of the accuracies alone, for a terminal: a text chart has one y axis.
/// @throws as learning_curves_chart
Chart accuracy_chart(const metric::History& history, const RunLabel& label);

}  // namespace svhn::report
