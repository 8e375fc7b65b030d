#pragma once
/// Results as text: tables for a terminal (aligned columns, no colours, each line with a newline) and CSV.

#include <cstddef>
#include <string>
#include <vector>

#include "metric/confusion.h"
#include "metric/history.h"

namespace svhn::metric {

/// @returns the counts with the digits 1 … 9, 0 as row (true) and column (predicted) labels.
std::string format_confusion_matrix(const ConfusionCounts& counts);

/// @returns a line for each digit with precision, recall, F1 and support, and a line with their means.
std::string format_per_class(const std::array<ClassScore, kClasses>& scores);

/// Smallest and largest value of a curve, and the first epochs (from 1) that reached them.
struct CurveRange {
  std::string name;
  double min = 0.0;
  double max = 0.0;
  std::size_t min_epoch = 0;
  std::size_t max_epoch = 0;
};

/// loss, accuracy, val_loss, val_accuracy in this order.
using CurveTable = std::vector<CurveRange>;

/// @returns the ranges of the four learning curves; empty without epochs.
CurveTable curve_table(const History& history);
/// @returns the table as text with six decimals.
std::string format_min_max(const CurveTable& table);
/// @returns the table of a history as text.
std::string format_min_max(const History& history);

using TextRows = std::vector<std::vector<std::string>>;

/// @returns the rows as lines, two spaces between columns.
/// @param numeric whether each column is right-aligned; as many as the longest row has fields.
std::string aligned_table(const TextRows& rows, const std::vector<bool>& numeric);

/// @returns the fields as one CSV line with its end (CR LF); those with commas, quotes or line ends are
/// quoted.
/// @see RFC 4180
std::string csv_line(const std::vector<std::string>& fields);

}  // namespace svhn::metric
