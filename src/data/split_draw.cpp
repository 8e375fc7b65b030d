#include "data/split_draw.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <numeric>
#include <set>
#include <string>

#include "core/error.h"
#include "data/numpy_random.h"

namespace svhn::data {
namespace {

using core::Error;
using core::ExitCode;

struct Sizes {
  std::int64_t train = 0;
  std::int64_t test = 0;
};

/// The rows of one class, ascending.
struct Group {
  int class_index = 0;
  std::vector<std::int64_t> rows;
};

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%g", value);
  return text;
}

void check_share(double share, const char* name) {
  if (share > 0.0 && share < 1.0) return;  // false for NaN too
  throw Error(ExitCode::usage,
              std::string("the ") + name + " fraction " + number(share) + " is not between 0 and 1",
              "give a share of the rows, such as 0.2");
}

void check_parts(const DrawParts& parts) {
  check_share(parts.test, parts.test_name);
  if (!parts.train) return;
  check_share(*parts.train, "training");
  if (*parts.train + parts.test > 1.0) {
    throw Error(ExitCode::usage,
                "the training and " + std::string(parts.test_name) + " fractions add up to " +
                    number(*parts.train + parts.test) + ", more than 1",
                "make one of them smaller");
  }
}

Sizes part_sizes(std::size_t rows, const DrawParts& parts) {
  const auto n = static_cast<double>(rows);
  Sizes sizes;
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

std::vector<Group> groups_of(std::span<const std::uint8_t> labels, Stratify stratify) {
  std::vector<Group> groups(static_cast<std::size_t>(kClasses));
  for (std::size_t i = 0; i < groups.size(); ++i) groups[i].class_index = static_cast<int>(i);
  for (std::size_t row = 0; row < labels.size(); ++row) {
    if (labels[row] >= groups.size()) {
      throw Error(
          ExitCode::data,
          "label " + std::to_string(labels[row]) + " of row " + std::to_string(row) + " is not a class index",
          "class indices are 0 to 9, index i is digit (i + 1) % 10");
    }
    groups[labels[row]].rows.push_back(static_cast<std::int64_t>(row));
  }
  std::erase_if(groups, [](const Group& group) { return group.rows.empty(); });
  if (stratify == Stratify::onehot) std::reverse(groups.begin(), groups.end());
  return groups;
}

void check_groups(const std::vector<Group>& groups, const Sizes& sizes, const char* test_name) {
  for (const Group& group : groups) {
    if (group.rows.size() >= 2) continue;
    throw Error(ExitCode::data,
                "digit " + std::to_string(digit_of_class(group.class_index)) + " (class index " +
                    std::to_string(group.class_index) + ") has only 1 image to divide into training and " +
                    test_name + ", at least 2 are needed",
                "add images of that digit, take more rows, or leave the digit out");
  }
  const auto check = [&](std::int64_t rows, const char* name) {
    if (rows >= static_cast<std::int64_t>(groups.size())) return;
    throw Error(ExitCode::data,
                std::string("the ") + name + " split would have " + std::to_string(rows) +
                    " rows, fewer than the " + std::to_string(groups.size()) + " digits that occur",
                "use more rows or a larger fraction for it");
  };
  check(sizes.train, "training");
  check(sizes.test, test_name);
}

/// Gives one more draw to `missing` of the classes, those with the largest remainders first, ties drawn.
void add_missing(std::vector<std::int64_t>& draws, const std::vector<double>& remainders,
                 std::int64_t missing, NumpyRandom& random) {
  const std::set<double, std::greater<>> values(remainders.begin(), remainders.end());
  for (const double value : values) {
    std::vector<std::int64_t> tied;
    for (std::size_t i = 0; i < remainders.size(); ++i) {
      if (remainders[i] == value) tied.push_back(static_cast<std::int64_t>(i));
    }
    const std::int64_t now = std::min(missing, static_cast<std::int64_t>(tied.size()));
    // Drawn even where all of them are taken: the random stream must advance as numpy's does.
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
    // In this order of operations: ties and floors depend on the last bit.
    const double exact = static_cast<double>(count) / sum * static_cast<double>(total);
    draws.push_back(static_cast<std::int64_t>(std::floor(exact)));
    remainders.push_back(exact - std::floor(exact));
  }
  const std::int64_t missing = total - std::accumulate(draws.begin(), draws.end(), std::int64_t{0});
  if (missing > 0) add_missing(draws, remainders, missing, random);
  return draws;
}

/// How many rows of each class go to each part.
struct Shares {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> test;
};

Shares draw_shares(const std::vector<Group>& groups, const Sizes& sizes, NumpyRandom& random) {
  std::vector<std::int64_t> counts;
  counts.reserve(groups.size());
  for (const Group& group : groups) counts.push_back(static_cast<std::int64_t>(group.rows.size()));
  Shares shares;
  shares.train = proportional_draws(counts, sizes.train, random);
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] -= shares.train[i];
  shares.test = proportional_draws(counts, sizes.test, random);
  return shares;
}

/// Appends the rows of `group` that `order[begin, end)` names; a range beyond the end is cut, as Python's
/// slices are.
void append(std::vector<std::int64_t>& part, const Group& group, std::span<const std::int64_t> order,
            std::int64_t begin, std::int64_t count) {
  const auto n = static_cast<std::int64_t>(order.size());
  for (std::int64_t i = begin; i < std::min(begin + count, n); ++i) {
    part.push_back(group.rows[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])]);
  }
}

}  // namespace

StratifiedSplit draw_split(std::span<const std::uint8_t> labels, const DrawParts& parts, std::uint32_t seed,
                           Stratify stratify) {
  check_parts(parts);
  const Sizes sizes = part_sizes(labels.size(), parts);
  const std::vector<Group> groups = groups_of(labels, stratify);
  check_groups(groups, sizes, parts.test_name);
  NumpyRandom random(seed);
  const Shares shares = draw_shares(groups, sizes, random);
  StratifiedSplit split;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const std::vector<std::int64_t> order = random.permutation(groups[i].rows.size());
    append(split.train, groups[i], order, 0, shares.train[i]);
    append(split.test, groups[i], order, shares.train[i], shares.test[i]);
  }
  random.shuffle(std::span(split.train));
  random.shuffle(std::span(split.test));
  return split;
}

}  // namespace svhn::data
