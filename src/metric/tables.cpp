#include "metric/tables.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

namespace svhn::metric {
namespace {

std::string padded(const std::string& text, std::size_t width) {
  return text.size() >= width ? text : std::string(width - text.size(), ' ') + text;
}

std::string fixed_decimals(double value, int digits) {
  // The scientific form keeps the columns of a diverged curve narrow.
  const bool moderate = value < 1e9 && value > -1e9;
  return moderate ? fmt::format("{:.{}f}", value, digits) : fmt::format("{:.{}g}", value, digits);
}

/// @returns the width of a UTF-8 text without wide characters on a terminal.
std::size_t shown_width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::size_t widest_count(const ConfusionCounts& counts) {
  std::size_t width = 3;
  for (const auto& row : counts) {
    for (const auto count : row) width = std::max(width, std::to_string(count).size());
  }
  return width;
}

std::string score_line(const std::string& label, const ClassScore& score) {
  std::string line = padded(label, 5);
  for (const double value : {score.precision, score.recall, score.f1})
    line += padded(fixed_decimals(value, 4), 11);
  return line + padded(std::to_string(score.support), 9) + '\n';
}

ClassScore mean_score(const std::array<ClassScore, kClasses>& scores) {
  ClassScore mean;
  for (const ClassScore& score : scores) {
    mean.precision += score.precision / kClasses;
    mean.recall += score.recall / kClasses;
    mean.f1 += score.f1 / kClasses;
    mean.support += score.support;
  }
  return mean;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

CurveRange curve_range(const HistoryField& field, const std::vector<double>& values) {
  const auto [low, high] = std::pair(std::min_element(values.begin(), values.end()),
                                     std::max_element(values.begin(), values.end()));
  const auto epoch = [&](auto at) { return static_cast<std::size_t>(at - values.begin()) + 1; };
  return {std::string(field.key), *low, *high, epoch(low), epoch(high)};
}

std::string range_line(const CurveRange& range) {
  return range.name + std::string(14 - std::min<std::size_t>(14, range.name.size()), ' ') +
         padded(fixed_decimals(range.min, 6), 10) + padded(std::to_string(range.min_epoch), 7) +
         padded(fixed_decimals(range.max, 6), 12) + padded(std::to_string(range.max_epoch), 7) + '\n';
}

}  // namespace

std::string format_confusion_matrix(const ConfusionCounts& counts) {
  const std::size_t width = widest_count(counts) + 1;
  const std::string margin(6, ' ');
  std::string text = margin + padded("predicted", 10 * width) + '\n' + "true  ";
  for (int i = 0; i < kClasses; ++i) text += padded(std::to_string(class_digit(i)), width);
  text += '\n';
  for (int t = 0; t < kClasses; ++t) {
    text += padded(std::to_string(class_digit(t)), 4) + "  ";
    for (const auto count : counts[class_slot(t)]) text += padded(std::to_string(count), width);
    text += '\n';
  }
  return text;
}

std::string format_per_class(const std::array<ClassScore, kClasses>& scores) {
  std::string text = "digit  precision     recall         f1  support\n";
  for (const ClassScore& score : scores) {
    text += score_line(std::to_string(class_digit(score.class_index)), score);
  }
  return text + score_line("mean", mean_score(scores));
}

CurveTable curve_table(const History& history) {
  CurveTable table;
  for (const HistoryField& field : history_fields()) {
    const auto& values = history.*field.values;
    if (field.required && !values.empty()) table.push_back(curve_range(field, values));
  }
  return table;
}

std::string format_min_max(const CurveTable& table) {
  std::string text = "curve                min  epoch         max  epoch\n";
  for (const CurveRange& range : table) text += range_line(range);
  return text;
}

std::string format_min_max(const History& history) {
  return format_min_max(curve_table(history));
}

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) line += (i == 0 ? "" : ",") + csv_field(fields[i]);
  return line + "\r\n";
}

std::string aligned_table(const TextRows& rows, const std::vector<bool>& numeric) {
  std::vector<std::size_t> widths(numeric.size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], shown_width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string fill(widths[i] - shown_width(row[i]), ' ');
      line += (i == 0 ? "" : "  ") + (numeric[i] ? fill + row[i] : row[i] + fill);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

}  // namespace svhn::metric
