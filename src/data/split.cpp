#include "data/split.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/error.h"
#include "data/split_draw.h"

namespace svhn::data {
namespace {

using core::Error;
using core::ExitCode;

constexpr std::size_t place(Split split) {
  return static_cast<std::size_t>(split);
}

std::uint32_t checked_seed(std::uint64_t seed) {
  if (seed > 0xFFFFFFFFU) {
    throw Error(ExitCode::usage, "the split's seed " + std::to_string(seed) + " is larger than 4294967295",
                "choose a seed from 0 to 4294967295, as numpy takes it");
  }
  return static_cast<std::uint32_t>(seed);
}

std::vector<std::uint8_t> labels_of(std::span<const std::uint8_t> labels,
                                    std::span<const std::int64_t> rows) {
  std::vector<std::uint8_t> chosen(rows.size());
  std::transform(rows.begin(), rows.end(), chosen.begin(),
                 [&](std::int64_t row) { return labels[static_cast<std::size_t>(row)]; });
  return chosen;
}

/// Replaces numbers within `rows` by those rows.
void map_back(std::vector<std::int64_t>& numbers, std::span<const std::int64_t> rows) {
  for (std::int64_t& number : numbers) number = rows[static_cast<std::size_t>(number)];
}

/// Divides `rows` into training and validation.
void split_validation(std::span<const std::uint8_t> labels, std::span<const std::int64_t> rows,
                      const SplitOptions& options, SplitIndices& splits) {
  const std::vector<std::uint8_t> chosen = labels_of(labels, rows);
  StratifiedSplit inner = draw_split(chosen, {.test = options.val_fraction, .test_name = "validation"},
                                     checked_seed(options.seed), options.stratify);
  map_back(inner.train, rows);
  map_back(inner.test, rows);
  splits[place(Split::train)] = std::move(inner.train);
  splits[place(Split::val)] = std::move(inner.test);
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

SplitIndices split_three(std::span<const std::uint8_t> labels, const SplitOptions& options) {
  StratifiedSplit outer =
      draw_split(labels, {.test = options.test_fraction}, checked_seed(options.seed), options.stratify);
  SplitIndices splits;
  split_validation(labels, outer.train, options, splits);
  splits[place(Split::test)] = std::move(outer.test);
  return splits;
}

std::optional<Origin> origin_of_file(std::string_view file_name) {
  if (file_name.starts_with("train")) return Origin::train;
  if (file_name.starts_with("test")) return Origin::test;
  if (file_name.starts_with("extra")) return Origin::extra;
  return std::nullopt;
}

SplitIndices split_official(std::span<const std::uint8_t> labels, std::span<const Origin> origins,
                            const SplitOptions& options) {
  if (origins.size() != labels.size()) {
    throw Error(ExitCode::bug,
                std::to_string(origins.size()) + " origins for " + std::to_string(labels.size()) + " labels",
                "please report this");
  }
  SplitIndices splits;
  std::vector<std::int64_t> rows;
  for (std::size_t row = 0; row < origins.size(); ++row) {
    auto& target = origins[row] == Origin::test ? splits[place(Split::test)] : rows;
    target.push_back(static_cast<std::int64_t>(row));
  }
  if (rows.empty()) refuse_official("training", "train_32x32.mat");
  if (splits[place(Split::test)].empty()) refuse_official("test", "test_32x32.mat");
  split_validation(labels, rows, options, splits);
  return splits;
}

}  // namespace svhn::data
