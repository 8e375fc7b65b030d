#include "data/photos.h"

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "core/error.h"
#include "core/json.h"
#include "formats/csv/csv.h"

namespace svhn::data {
namespace {

using core::Error;
using core::ExitCode;

constexpr std::int64_t kUnknown = -1;
constexpr const char* kHint = "the table needs the photo of each row of each input";

/// Where the rows of an input are among those of all inputs.
struct Place {
  std::int64_t first = 0;
  std::int64_t rows = 0;
  std::unordered_map<std::int64_t, std::int64_t> photos{};  // The file's own numbers to those of all inputs.
};

class PhotoTable {
 public:
  PhotoTable(const std::filesystem::path& csv, std::span<const InputRows> inputs)
      : source_(csv.string()), reader_(csv) {
    for (const InputRows& input : inputs) add(input);
    photos_.assign(static_cast<std::size_t>(rows_), kUnknown);
  }

  std::vector<std::int64_t> read() {
    const std::size_t file = reader_.column("file");
    const std::size_t row = reader_.column("row");
    const std::size_t photo = reader_.column("photo");
    while (reader_.next_row()) {
      const auto place = places_.find(reader_.fields()[file]);
      if (place == places_.end()) continue;
      const std::int64_t number = reader_.integer(photo, 0, std::numeric_limits<std::int64_t>::max());
      take(place->second, reader_.integer(row, 0, place->second.rows - 1), number);
    }
    check_complete();
    return numbered(photos_);
  }

 private:
  void add(const InputRows& input) {
    if (!places_.emplace(input.name, Place{rows_, input.rows}).second) {
      throw Error(ExitCode::data,
                  "two inputs are called '" + input.name + "', so no table tells their rows apart",
                  "rename one of them, also in the table");
    }
    rows_ += input.rows;
  }

  void take(Place& place, std::int64_t row, std::int64_t photo) {
    std::int64_t& entry = photos_[static_cast<std::size_t>(place.first + row)];
    if (entry != kUnknown)
      reader_.refuse("a second line of row " + std::to_string(row), "remove one of them");
    entry = place.photos.emplace(photo, next_).first->second;
    if (entry == next_) ++next_;
  }

  void check_complete() const {
    for (const auto& [name, place] : places_) {
      const auto begin = photos_.begin() + place.first;
      const auto end = begin + place.rows;
      const auto missing = std::count(begin, end, kUnknown);
      if (missing == 0) continue;
      const auto first = std::find(begin, end, kUnknown) - begin;
      std::string rows = missing == place.rows ? "any row" : "row " + std::to_string(first);
      if (missing > 1 && missing < place.rows)
        rows.append(" and ").append(std::to_string(missing - 1)).append(" more");
      std::string text = "'";
      text.append(source_)
          .append("': no line tells the photo of ")
          .append(rows)
          .append(" of '")
          .append(name)
          .append("'");
      throw Error(ExitCode::data, text, kHint);
    }
  }

  std::string source_;
  formats::CsvReader reader_;
  std::map<std::string, Place, std::less<>> places_;
  std::int64_t rows_ = 0;
  std::int64_t next_ = 0;
  std::vector<std::int64_t> photos_;
};

}  // namespace

std::vector<std::int64_t> read_photos(const std::filesystem::path& csv, std::span<const InputRows> inputs) {
  return PhotoTable(csv, inputs).read();
}

std::vector<std::int64_t> numbered(std::span<const std::int64_t> groups) {
  std::unordered_map<std::int64_t, std::int64_t> numbers;
  std::vector<std::int64_t> result;
  result.reserve(groups.size());
  for (const std::int64_t group : groups) {
    result.push_back(numbers.emplace(group, static_cast<std::int64_t>(numbers.size())).first->second);
  }
  return result;
}

std::int64_t count_groups(std::span<const std::int64_t> groups) {
  return static_cast<std::int64_t>(std::unordered_set<std::int64_t>(groups.begin(), groups.end()).size());
}

std::int64_t count_divided(std::span<const std::int64_t> groups,
                           const std::array<std::vector<std::int64_t>, 3>& splits) {
  std::unordered_map<std::int64_t, std::size_t> split_of;
  std::unordered_set<std::int64_t> divided;
  for (std::size_t split = 0; split < splits.size(); ++split) {
    for (const std::int64_t row : splits.at(split)) {
      const std::int64_t group = groups[static_cast<std::size_t>(row)];
      if (split_of.emplace(group, split).first->second != split) divided.insert(group);
    }
  }
  return static_cast<std::int64_t>(divided.size());
}

}  // namespace svhn::data
