#pragma once
/// Results as text for a terminal: aligned columns, no colours, each line ended by a newline.

#include <cstddef>
#include <string>
#include <vector>

#include "metric/confusion.h"
#include "metric/history.h"

namespace svhn::metric {

/// @returns the counts with the digits 1 … 9, 0 as row (true) and column (predicted) labels.
std::string format_confusion_matrix(const ConfusionCounts& counts);

/// @returns one line a digit with precision, recall, F1 and support, and their means over the digits.
std::string format_per_class(const std::array<ClassScore, kClasses>& scores);

/// Smallest and largest value of one curve, and the epochs (from 1) in which they were first reached.
struct CurveRange {
  std::string name;
  double min = 0.0;
  double max = 0.0;
  std::size_t min_epoch = 0;
  std::size_t max_epoch = 0;
};

/// loss, accuracy, val_loss, val_accuracy in this order.
using CurveTable = std::vector<CurveRange>;

/// @returns the range of the four learning curves; empty when there is no epoch yet.
CurveTable curve_table(const History& history);
/// @returns the table as text with six decimals.
std::string format_min_max(const CurveTable& table);
/// @returns the table of a history as text.
std::string format_min_max(const History& history);

}  // namespace svhn::metric
