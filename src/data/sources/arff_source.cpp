#include "data/sources/arff_source.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "data/prepared.h"
#include "formats/arff/arff.h"

namespace svhn::data {
namespace {

constexpr auto kColumns = static_cast<std::size_t>(kImageBytes) + 1;

[[noreturn]] void refuse(const std::string& where, const std::string& what, std::string hint) {
  throw core::Error(core::ExitCode::data, where + ": " + what, std::move(hint));
}

bool is_class_name(std::string_view name) {
  constexpr std::string_view kExpected = "class";
  const auto same = [](char a, char b) { return (a | 0x20) == b; };
  return std::equal(name.begin(), name.end(), kExpected.begin(), kExpected.end(), same);
}

/// @returns the column of the labels.
std::size_t find_class(const std::vector<formats::ArffAttribute>& attributes) {
  const auto named = std::find_if(attributes.begin(), attributes.end(),
                                  [](const auto& attribute) { return is_class_name(attribute.name); });
  if (named != attributes.end()) return static_cast<std::size_t>(named - attributes.begin());
  const auto nominal = std::find_if(attributes.begin(), attributes.end(),
                                    [](const auto& attribute) { return attribute.nominal(); });
  if (nominal != attributes.end()) return static_cast<std::size_t>(nominal - attributes.begin());
  return attributes.size() - 1;
}

/// @returns the class column's nominal values as numbers, in their order; empty for a numeric column.
std::vector<std::int64_t> spelled_labels(const formats::ArffAttribute& attribute, const std::string& file) {
  std::vector<std::int64_t> labels;
  for (const std::string& value : attribute.values) {
    std::int64_t label = 0;
    const char* const end = value.data() + value.size();
    const auto result = std::from_chars(value.data(), end, label);
    if (result.ec != std::errc{} || result.ptr != end) {
      refuse(file, "the class '" + core::printable(value) + "' is no whole number",
             "the classes of digits are numbers");
    }
    labels.push_back(label);
  }
  return labels;
}

/// Converts values to bytes, without branches so that the loop is vectorised. @returns false when one
/// is no pixel.
bool narrow(std::span<const std::int32_t> values, std::uint8_t* pixels) {
  std::uint32_t seen = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto value = static_cast<std::uint32_t>(values[i]);
    seen |= value;
    pixels[i] = static_cast<std::uint8_t>(value);
  }
  return seen <= 255;
}

/// Reads the rows of one file.
class ArffRows {
 public:
  explicit ArffRows(const std::filesystem::path& path)
      : file_(path.string().insert(0, 1, '\'') + '\''), reader_(path), row_(kColumns) {
    const auto& attributes = reader_.header().attributes;
    if (attributes.size() != kColumns) {
      refuse(file_,
             std::to_string(attributes.size()) + " columns where digits have " + std::to_string(kColumns),
             "expected 3072 pixel columns and a class, as OpenML's data set 41081 has them");
    }
    class_column_ = find_class(attributes);
    spelled_ = spelled_labels(attributes[class_column_], file_);
  }

  RawDigits read() {
    RawDigits digits;
    // An upper bound; it reserves address space, not memory, and avoids reallocation.
    const std::size_t max_rows = reader_.bytes_left() / (2 * kColumns - 1) + 1;
    digits.images.reserve(max_rows * static_cast<std::size_t>(kImageBytes));
    while (reader_.next_row(row_)) add_row(digits);
    if (digits.labels.empty()) refuse(file_, "no row after @data", "the file was cut short; fetch it again");
    return digits;
  }

 private:
  void add_row(RawDigits& digits) {
    const std::int32_t label = row_[class_column_];
    digits.labels.push_back(spelled_.empty() ? label : spelled_[static_cast<std::size_t>(label)]);
    row_.erase(row_.begin() + static_cast<std::ptrdiff_t>(class_column_));
    const std::size_t begin = digits.images.size();
    digits.images.resize(begin + row_.size());
    if (!narrow(row_, digits.images.data() + begin)) refuse_pixel();
    row_.resize(kColumns);
  }

  [[noreturn]] void refuse_pixel() const {
    const auto bad = std::find_if(row_.begin(), row_.end(), [](std::int32_t v) { return v < 0 || v > 255; });
    auto column = static_cast<std::size_t>(bad - row_.begin());
    if (column >= class_column_) ++column;
    refuse(file_ + " line " + std::to_string(reader_.line()),
           "the pixel " + std::to_string(*bad) + " in column " + std::to_string(column + 1) +
               " is not in 0..255",
           "pixels are whole numbers from 0 to 255");
  }

  std::string file_;
  formats::ArffReader reader_;
  std::vector<std::int32_t> row_;
  std::size_t class_column_ = 0;
  std::vector<std::int64_t> spelled_;
};

}  // namespace

RawDigits read_arff(const std::filesystem::path& path) {
  return ArffRows(path).read();
}

}  // namespace svhn::data
