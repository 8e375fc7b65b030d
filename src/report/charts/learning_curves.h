#pragma once
/// The learning curves of a run as one chart: validation solid, training dotted, loss blue on the left axis,
/// accuracy red on the right one.

#include <filesystem>
#include <string>

#include "metric/history.h"
#include "report/charts/chart.h"

namespace svhn::report {

/// What a chart's title says of the run.
struct RunLabel {
  std::string name;        ///< Of the model, any text.
  bool synthetic = false;  ///< Trained on synthetic digits.
};

/// @param history at least one epoch, the four curves equally long.
/// @returns "model_2_1: epoch 12, best validation accuracy 0.9391 (epoch 11)"; the first epoch that reached
/// it.
std::string curves_title(const metric::History& history, const RunLabel& label);

/// @param history as above; numbers that are not finite are gaps.
/// @throws core::Error(data) when there is no epoch yet.
Chart learning_curves_chart(const metric::History& history, const RunLabel& label);

/// The same for a terminal: accuracy alone, since characters have room for one scale.
/// @throws as learning_curves_chart
Chart accuracy_chart(const metric::History& history, const RunLabel& label);

/// @param path .png or .svg. @throws as learning_curves_chart and write_chart
ChartResult write_learning_curves(const std::filesystem::path& path, const metric::History& history,
                                  const RunLabel& label);

}  // namespace svhn::report
