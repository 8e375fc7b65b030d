#include "data/split.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>
#include <string>
#include <utility>

#include "core/error.h"
#include "data/group_split.h"
#include "data/numpy_random.h"

namespace svhn::data {
namespace {

using core::Error;
using core::ExitCode;

/// The parts of a draw: their fractions of the rows, and the name of the second part in messages.
struct DrawParts {
  std::optional<double> train{};
  double test = 0.2;
  const char* test_name = "test";
};

struct PartSizes {
  std::int64_t train = 0;
  std::int64_t test = 0;
};

/// The rows of one class, ascending.
struct ClassRows {
  int class_index = 0;
  std::vector<std::int64_t> rows;
};

void check_share(double share, const char* name) {
  if (share > 0.0 && share < 1.0) return;  // false for NaN too
  throw Error(ExitCode::usage, fmt::format("the {} fraction {:g} is not between 0 and 1", name, share),
              "give a share of the rows, such as 0.2");
}

void check_parts(const DrawParts& parts) {
  check_share(parts.test, parts.test_name);
  if (!parts.train) return;
  check_share(*parts.train, "training");
  if (*parts.train + parts.test > 1.0) {
    throw Error(ExitCode::usage,
                fmt::format("the training and {} fractions add up to {:g}, more than 1", parts.test_name,
                            *parts.train + parts.test),
                "make one of them smaller");
  }
}

PartSizes part_sizes(std::size_t rows, const DrawParts& parts) {
  const auto n = static_cast<double>(rows);
  PartSizes sizes;
  sizes.test = static_cast<std::int64_t>(std::ceil(parts.test * n));
  const auto left = static_cast<std::int64_t>(rows) - sizes.test;
  sizes.train = parts.train ? static_cast<std::int64_t>(std::floor(*parts.train * n)) : left;
  if (sizes.train > left) {
    throw Error(ExitCode::data,
                "rounding asks for " + std::to_string(sizes.train) + " training and " +
                    std::to_string(sizes.test) + ' ' + parts.test_name + " rows out of " +
                    std::to_string(rows),
                "make one of the fractions a little smaller");
  }
  if (sizes.train < 1 || sizes.test < 1) {
    throw Error(ExitCode::data,
                "splitting " + std::to_string(rows) + " rows leaves the " +
                    (sizes.train < 1 ? "training" : parts.test_name) + " split empty",
                "use more rows or another fraction");
  }
  return sizes;
}

std::vector<ClassRows> classes_of(std::span<const std::uint8_t> labels, Stratify stratify) {
  std::vector<ClassRows> classes(static_cast<std::size_t>(kClasses));
  for (std::size_t i = 0; i < classes.size(); ++i) classes[i].class_index = static_cast<int>(i);
  for (std::size_t row = 0; row < labels.size(); ++row) {
    if (labels[row] >= classes.size()) {
      throw Error(
          ExitCode::data,
          "label " + std::to_string(labels[row]) + " of row " + std::to_string(row) + " is not a class index",
          "class indices are 0 to 9, index i is digit (i + 1) % 10");
    }
    classes[labels[row]].rows.push_back(static_cast<std::int64_t>(row));
  }
  std::erase_if(classes, [](const ClassRows& one) { return one.rows.empty(); });
  if (stratify == Stratify::onehot) std::reverse(classes.begin(), classes.end());
  return classes;
}

void check_classes(const std::vector<ClassRows>& classes, const PartSizes& sizes, const char* test_name) {
  for (const ClassRows& one : classes) {
    if (one.rows.size() >= 2) continue;
    throw Error(ExitCode::data,
                "digit " + std::to_string(digit_of_class(one.class_index)) + " (class index " +
                    std::to_string(one.class_index) + ") has only 1 image to divide into training and " +
                    test_name + ", at least 2 are needed",
                "add images of that digit, take more rows, or leave the digit out");
  }
  const auto check = [&](std::int64_t rows, const char* name) {
    if (rows >= static_cast<std::int64_t>(classes.size())) return;
    throw Error(ExitCode::data,
                std::string("the ") + name + " split would have " + std::to_string(rows) +
                    " rows, fewer than the " + std::to_string(classes.size()) + " digits that occur",
                "use more rows or a larger fraction for it");
  };
  check(sizes.train, "training");
  check(sizes.test, test_name);
}

/// Adds one draw to `missing` classes: largest remainders first, ties at random.
void add_missing(std::vector<std::int64_t>& draws, const std::vector<double>& remainders,
                 std::int64_t missing, NumpyRandom& random) {
  const std::set<double, std::greater<>> values(remainders.begin(), remainders.end());
  for (const double value : values) {
    std::vector<std::int64_t> tied;
    for (std::size_t i = 0; i < remainders.size(); ++i) {
      if (remainders[i] == value) tied.push_back(static_cast<std::int64_t>(i));
    }
    const std::int64_t now = std::min(missing, static_cast<std::int64_t>(tied.size()));
    // Drawn even when all of them are chosen: the random stream must advance as numpy's does.
    for (const auto i : random.choice(tied, static_cast<std::size_t>(now)))
      ++draws[static_cast<std::size_t>(i)];
    missing -= now;
    if (missing == 0) return;
  }
}

/// Divides `total` draws among classes in proportion to their counts.
std::vector<std::int64_t> proportional_draws(const std::vector<std::int64_t>& counts, std::int64_t total,
                                             NumpyRandom& random) {
  const auto sum = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
  std::vector<std::int64_t> draws;
  std::vector<double> remainders;
  for (const std::int64_t count : counts) {
    // The order of operations matters: ties and floors depend on the last bit.
    const double exact = static_cast<double>(count) / sum * static_cast<double>(total);
    draws.push_back(static_cast<std::int64_t>(std::floor(exact)));
    remainders.push_back(exact - std::floor(exact));
  }
  const std::int64_t missing = total - std::accumulate(draws.begin(), draws.end(), std::int64_t{0});
  if (missing > 0) add_missing(draws, remainders, missing, random);
  return draws;
}

/// Number of rows of each class in each part.
struct ClassCounts {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> test;
};

ClassCounts draw_counts(const std::vector<ClassRows>& classes, const PartSizes& sizes, NumpyRandom& random) {
  std::vector<std::int64_t> counts;
  counts.reserve(classes.size());
  for (const ClassRows& one : classes) counts.push_back(static_cast<std::int64_t>(one.rows.size()));
  ClassCounts drawn;
  drawn.train = proportional_draws(counts, sizes.train, random);
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] -= drawn.train[i];
  drawn.test = proportional_draws(counts, sizes.test, random);
  return drawn;
}

/// Appends the rows at `order[begin, begin + count)`; the range is clipped as in a Python slice.
void append(std::vector<std::int64_t>& part, const ClassRows& one, std::span<const std::int64_t> order,
            std::int64_t begin, std::int64_t count) {
  const auto n = static_cast<std::int64_t>(order.size());
  for (std::int64_t i = begin; i < std::min(begin + count, n); ++i) {
    part.push_back(one.rows[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])]);
  }
}

/// Draws one stratified split, see `stratified_split`.
StratifiedSplit draw_split(std::span<const std::uint8_t> labels, const DrawParts& parts, std::uint32_t seed,
                           Stratify stratify) {
  check_parts(parts);
  const PartSizes sizes = part_sizes(labels.size(), parts);
  const std::vector<ClassRows> classes = classes_of(labels, stratify);
  check_classes(classes, sizes, parts.test_name);
  NumpyRandom random(seed);
  const ClassCounts drawn = draw_counts(classes, sizes, random);
  StratifiedSplit split;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const std::vector<std::int64_t> order = random.permutation(classes[i].rows.size());
    append(split.train, classes[i], order, 0, drawn.train[i]);
    append(split.test, classes[i], order, drawn.train[i], drawn.test[i]);
  }
  random.shuffle(std::span(split.train));
  random.shuffle(std::span(split.test));
  return split;
}

constexpr std::size_t index_of(Split split) {
  return static_cast<std::size_t>(split);
}

std::uint32_t checked_seed(std::uint64_t seed) {
  if (seed > 0xFFFFFFFFU) {
    throw Error(ExitCode::usage, "the split's seed " + std::to_string(seed) + " is larger than 4294967295",
                "choose a seed from 0 to 4294967295, as numpy takes it");
  }
  return static_cast<std::uint32_t>(seed);
}

template <class T>
std::vector<T> chosen_of(std::span<const T> values, std::span<const std::int64_t> rows) {
  std::vector<T> chosen(rows.size());
  std::transform(rows.begin(), rows.end(), chosen.begin(),
                 [&](std::int64_t row) { return values[static_cast<std::size_t>(row)]; });
  return chosen;
}

/// Replaces indices into `rows` by the rows.
void map_back(std::vector<std::int64_t>& numbers, std::span<const std::int64_t> rows) {
  for (std::int64_t& number : numbers) number = rows[static_cast<std::size_t>(number)];
}

/// Rows with what a draw needs to know of them.
struct Rows {
  std::span<const std::uint8_t> labels;
  std::span<const std::int64_t> groups;  ///< Empty: rows are drawn one by one.
};

/// Divides `rows` into two parts by a draw.
StratifiedSplit split_rows(const Rows& all, std::span<const std::int64_t> rows, const DrawParts& parts,
                           const SplitOptions& options) {
  check_parts(parts);
  const auto labels = chosen_of(all.labels, rows);
  StratifiedSplit inner =
      all.groups.empty()
          ? draw_split(labels, parts, checked_seed(options.seed), options.stratify)
          : grouped_split(labels, chosen_of(all.groups, rows), parts.test, options.seed, parts.test_name);
  map_back(inner.train, rows);
  map_back(inner.test, rows);
  return inner;
}

/// Divides `rows` into training and validation.
void split_validation(const Rows& all, std::span<const std::int64_t> rows, const SplitOptions& options,
                      SplitIndices& splits) {
  StratifiedSplit inner =
      split_rows(all, rows, {.test = options.val_fraction, .test_name = "validation"}, options);
  splits[index_of(Split::train)] = std::move(inner.train);
  splits[index_of(Split::val)] = std::move(inner.test);
}

/// @throws core::Error(bug)
void check_length(std::size_t length, const char* what, std::span<const std::uint8_t> labels) {
  if (length == labels.size()) return;
  throw Error(ExitCode::bug,
              std::to_string(length) + ' ' + what + " for " + std::to_string(labels.size()) + " labels",
              "please report this");
}

[[noreturn]] void refuse_official(const char* missing, const char* file) {
  throw Error(ExitCode::data, std::string("the official split has no ") + missing + " rows",
              std::string("give ") + file + " among the inputs, or use --split random");
}

}  // namespace

std::string_view stratify_name(Stratify stratify) {
  return stratify == Stratify::onehot ? "onehot" : "label";
}

StratifiedSplit stratified_split(std::span<const std::uint8_t> labels, std::optional<double> train_size,
                                 double test_size, std::uint64_t seed, Stratify stratify) {
  return draw_split(labels, {.train = train_size, .test = test_size}, checked_seed(seed), stratify);
}

SplitIndices split_three(std::span<const std::uint8_t> labels, const SplitOptions& options,
                         std::span<const std::int64_t> groups) {
  if (!groups.empty()) check_length(groups.size(), "groups", labels);
  std::vector<std::int64_t> rows(labels.size());
  std::iota(rows.begin(), rows.end(), std::int64_t{0});
  StratifiedSplit outer = split_rows({labels, groups}, rows, {.test = options.test_fraction}, options);
  SplitIndices splits;
  split_validation({labels, groups}, outer.train, options, splits);
  splits[index_of(Split::test)] = std::move(outer.test);
  return splits;
}

std::optional<Origin> origin_of_file(std::string_view file_name) {
  constexpr std::array<std::pair<std::string_view, Origin>, 3> kWords{
      {{"train", Origin::train}, {"test", Origin::test}, {"extra", Origin::extra}}};
  std::string word;
  std::optional<Origin> origin;
  for (std::size_t i = 0; i <= file_name.size(); ++i) {
    const auto c = static_cast<unsigned char>(i < file_name.size() ? file_name[i] : '.');
    if (std::isalpha(c) != 0) {
      word += static_cast<char>(std::tolower(c));
      continue;
    }
    for (const auto& [name, found] : kWords) {
      if (word != name) continue;
      if (origin && *origin != found) return std::nullopt;
      origin = found;
    }
    word.clear();
  }
  return origin;
}

SplitIndices split_given(std::span<const std::uint8_t> labels, std::span<const Origin> origins,
                         const SplitOptions& options, std::span<const std::int64_t> groups) {
  check_length(origins.size(), "origins", labels);
  if (!groups.empty()) check_length(groups.size(), "groups", labels);
  SplitIndices splits;
  std::vector<std::int64_t>& train = splits[index_of(Split::train)];
  std::vector<std::int64_t>& val = splits[index_of(Split::val)];
  std::vector<std::int64_t>& test = splits[index_of(Split::test)];
  for (std::size_t row = 0; row < origins.size(); ++row) {
    auto& target = origins[row] == Origin::test ? test : origins[row] == Origin::val ? val : train;
    target.push_back(static_cast<std::int64_t>(row));
  }
  if (train.empty()) refuse_official("training", "train_32x32.mat");
  if (test.empty()) {
    StratifiedSplit outer = split_rows({labels, groups}, train, {.test = options.test_fraction}, options);
    train = std::move(outer.train);
    test = std::move(outer.test);
  }
  if (val.empty()) {
    const std::vector<std::int64_t> rest = std::move(train);
    split_validation({labels, groups}, rest, options, splits);
  }
  return splits;
}

SplitIndices split_official(std::span<const std::uint8_t> labels, std::span<const Origin> origins,
                            const SplitOptions& options, std::span<const std::int64_t> groups) {
  const bool tests = std::find(origins.begin(), origins.end(), Origin::test) != origins.end();
  if (!tests && origins.size() == labels.size()) refuse_official("test", "test_32x32.mat");
  return split_given(labels, origins, options, groups);
}

}  // namespace svhn::data
