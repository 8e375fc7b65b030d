/// Reads requests from the standard input, one a line:
///     split STRATIFY TRAIN|- TEST SEED LABELS
///     three STRATIFY TEST VAL SEED LABELS
/// LABELS has one character for each row, '.' for none. Prints one line for each request: the rows of each
/// part, separated by commas, the parts separated by blanks; or "error CODE MESSAGE".
#include <iostream>
#include <sstream>
#include <string>

#include "core/error.h"
#include "data/split.h"

namespace {

using namespace svhn;
using Rows = std::vector<std::int64_t>;

struct Case {
  std::string kind, stratify, first, second, labels;
  std::uint64_t seed = 0;
};

std::vector<std::uint8_t> labels_of(const std::string& text) {
  std::vector<std::uint8_t> labels;
  for (const char c : text) {
    if (c != '.') labels.push_back(static_cast<std::uint8_t>(c - '0'));
  }
  return labels;
}

void print(const Rows& rows) {
  std::string text;
  for (const auto row : rows) text += std::to_string(row) + ',';
  std::cout << text << ' ';
}

void answer(const Case& wanted) {
  const auto stratify = wanted.stratify == "onehot" ? data::Stratify::onehot : data::Stratify::label;
  const auto labels = labels_of(wanted.labels);
  if (wanted.kind == "three") {
    const data::SplitOptions options{std::stod(wanted.first), std::stod(wanted.second), wanted.seed,
                                     stratify};
    for (const Rows& rows : data::split_three(labels, options)) print(rows);
    return;
  }
  const auto train = wanted.first == "-" ? std::nullopt : std::optional(std::stod(wanted.first));
  const auto split = data::stratified_split(labels, train, std::stod(wanted.second), wanted.seed, stratify);
  print(split.train);
  print(split.test);
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    Case wanted;
    std::istringstream words(line);
    words >> wanted.kind >> wanted.stratify >> wanted.first >> wanted.second >> wanted.seed >> wanted.labels;
    try {
      answer(wanted);
    } catch (const core::Error& error) {
      std::cout << "error " << static_cast<int>(error.code()) << ' ' << error.what();
    }
    std::cout << std::endl;
  }
}
