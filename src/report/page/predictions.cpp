#include <algorithm>
#include <charconv>
#include <string_view>

#include "core/error.h"
#include "core/file.h"
#include "metric/classes.h"
#include "report/page/interpretation.h"

namespace svhn::report {
namespace {

constexpr std::string_view kHead = "row,true,predicted,p0,p1,p2,p3,p4,p5,p6,p7,p8,p9";

/// Takes a table apart, line by line and cell by cell; nothing of it is copied.
class CsvReader {
 public:
  CsvReader(std::string_view text, std::string source) : text_(text), source_(std::move(source)) {}

  [[nodiscard]] bool at_end() const { return text_.empty(); }

  std::string_view next_line() {
    ++line_;
    const std::size_t end = std::min(text_.find('\n'), text_.size());
    std::string_view line = text_.substr(0, end);
    text_.remove_prefix(std::min(end + 1, text_.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  template <class T>
  T take(std::string_view& line, T min, T max) {
    const std::size_t end = std::min(line.find(','), line.size());
    const std::string_view cell = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    T value{};
    const auto [rest, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    const bool whole = error == std::errc() && rest == cell.data() + cell.size();
    if (!whole || !(value >= min && value <= max)) refuse("has a cell that is not what it should be");
    return value;
  }

  [[noreturn]] void refuse(const std::string& problem) const {
    throw core::Error(core::ExitCode::data,
                      "'" + source_ + "': line " + std::to_string(line_) + " " + problem,
                      "write it again with 'svhn evaluate --predictions' or 'svhn interpret'");
  }

 private:
  std::string_view text_;
  std::string source_;
  std::size_t line_ = 0;
};

std::uint8_t class_of(int digit) {
  return static_cast<std::uint8_t>((digit + metric::kClasses - 1) % metric::kClasses);
}

PredictedRow read_row(CsvReader& reader, std::string_view line) {
  PredictedRow row;
  row.row = reader.take<std::int64_t>(line, 0, std::int64_t{1} << 40);
  row.true_class = class_of(reader.take<int>(line, 0, 9));
  const int predicted = reader.take<int>(line, 0, 9);
  row.predicted = class_of(predicted);
  for (int digit = 0; digit < metric::kClasses; ++digit) {
    const auto probability = reader.take<double>(line, 0.0, 1.0 + 1e-6);
    if (digit == predicted) row.probability = static_cast<float>(std::min(probability, 1.0));
  }
  if (!line.empty()) reader.refuse("has too many cells");
  return row;
}

}  // namespace

std::vector<PredictedRow> read_predictions(const std::filesystem::path& path, metric::ReliabilityBins& bins) {
  const core::MappedFile file(path, core::ExitCode::data);
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  CsvReader reader(text, path.string());
  if (reader.next_line() != kHead) reader.refuse("is not '" + std::string(kHead) + "'");
  std::vector<PredictedRow> rows;
  metric::CalibrationMeter meter;
  while (!reader.at_end()) {
    if (rows.size() == kMostPredictions) reader.refuse("is one more than a page can take");
    rows.push_back(read_row(reader, reader.next_line()));
    meter.add(rows.back().probability, rows.back().predicted == rows.back().true_class);
  }
  bins = meter.value();
  return rows;
}

}  // namespace svhn::report
