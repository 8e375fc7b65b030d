#include "data/group_split.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <string>

#include "core/error.h"
#include "core/random.h"
#include "core/text.h"
#include "data/photos.h"

namespace svhn::data {
namespace {

constexpr auto kClassCount = static_cast<std::size_t>(kClasses);
constexpr int kMostPasses = 100;

using Counts = std::array<std::int64_t, kClassCount>;
enum class Side : std::uint8_t { none, train, test };

std::vector<Counts> count_classes(std::span<const std::uint8_t> labels,
                                  std::span<const std::int64_t> groups) {
  std::vector<Counts> counts(static_cast<std::size_t>(count_groups(groups)), Counts{});
  for (std::size_t row = 0; row < labels.size(); ++row) {
    ++counts[static_cast<std::size_t>(groups[row])].at(labels[row]);
  }
  return counts;
}

std::int64_t rows_of(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

/// Places groups on two sides, see `grouped_split`.
class Placement {
 public:
  Placement(std::vector<Counts> groups, double test_size, core::CounterRandom& random)
      : groups_(std::move(groups)),
        order_(core::random_permutation(static_cast<std::int64_t>(groups_.size()), random)),
        sides_(groups_.size(), Side::none) {
    for (const Counts& group : groups_) {
      for (std::size_t c = 0; c < kClassCount; ++c) left_[c] += group[c];
    }
    rows_ = left_;
    for (std::size_t c = 0; c < kClassCount; ++c) {
      test_wanted_[c] = test_size * static_cast<double>(rows_[c]);
      train_wanted_[c] = static_cast<double>(rows_[c]) - test_wanted_[c];
    }
  }

  std::vector<Side> place() {
    while (const auto rarest = rarest_class()) place_class(*rarest);
    for (int pass = 0; pass < kMostPasses && improve(); ++pass) continue;
    fill(Side::test);
    fill(Side::train);
    return std::move(sides_);
  }

 private:
  /// @returns the class with the fewest rows that are not placed yet.
  [[nodiscard]] std::optional<std::size_t> rarest_class() const {
    std::optional<std::size_t> rarest;
    for (std::size_t c = 0; c < kClassCount; ++c) {
      if (left_[c] > 0 && (!rarest || left_[c] < left_[*rarest])) rarest = c;
    }
    return rarest;
  }

  void place_class(std::size_t label) {
    for (const std::int64_t group : order_) {
      const auto g = static_cast<std::size_t>(group);
      if (sides_[g] != Side::none || groups_[g][label] == 0) continue;
      set(g, wanting(label));
      for (std::size_t c = 0; c < kClassCount; ++c) left_[c] -= groups_[g][c];
    }
  }

  /// @returns the side that wants most rows of the class, else most rows.
  [[nodiscard]] Side wanting(std::size_t label) const {
    const auto sum = [](const auto& wanted) { return std::accumulate(wanted.begin(), wanted.end(), 0.0); };
    const double more = train_wanted_[label] - test_wanted_[label];
    if (more != 0.0) return more > 0.0 ? Side::train : Side::test;
    return sum(train_wanted_) >= sum(test_wanted_) ? Side::train : Side::test;
  }

  /// Puts a group on a side, or moves it there.
  void set(std::size_t group, Side side) {
    const bool moved = sides_[group] != Side::none;
    auto& wanted = side == Side::test ? test_wanted_ : train_wanted_;
    auto& left = side == Side::test ? train_wanted_ : test_wanted_;
    for (std::size_t c = 0; c < kClassCount; ++c) {
      wanted[c] -= static_cast<double>(groups_[group][c]);
      if (moved) left[c] += static_cast<double>(groups_[group][c]);
    }
    sides_[group] = side;
  }

  /// @returns how much nearer the classes come to their fractions when a group moves: the sum of the squares
  /// of missing rows, each over the rows of its class.
  [[nodiscard]] double gain(std::size_t group) const {
    const double sign = sides_[group] == Side::test ? -1.0 : 1.0;
    double gain = 0.0;
    for (std::size_t c = 0; c < kClassCount; ++c) {
      if (groups_[group][c] == 0) continue;
      const double moved = sign * static_cast<double>(groups_[group][c]);
      const double after = test_wanted_[c] - moved;
      gain += (test_wanted_[c] * test_wanted_[c] - after * after) / static_cast<double>(rows_[c]);
    }
    return gain;
  }

  /// Moves every group whose move helps. @returns whether there was one.
  bool improve() {
    constexpr double kLeastGain = 1e-9;  // More than sums round.
    bool moved = false;
    for (const std::int64_t group : order_) {
      const auto g = static_cast<std::size_t>(group);
      if (gain(g) <= kLeastGain) continue;
      set(g, sides_[g] == Side::test ? Side::train : Side::test);
      moved = true;
    }
    return moved;
  }

  /// Gives a side without groups the smallest one.
  void fill(Side side) {
    if (std::find(sides_.begin(), sides_.end(), side) != sides_.end()) return;
    const auto smallest = std::min_element(order_.begin(), order_.end(), [&](std::int64_t a, std::int64_t b) {
      return rows_of(groups_[static_cast<std::size_t>(a)]) < rows_of(groups_[static_cast<std::size_t>(b)]);
    });
    set(static_cast<std::size_t>(*smallest), side);
  }

  std::vector<Counts> groups_;
  std::vector<std::int64_t> order_;
  std::vector<Side> sides_;
  Counts left_{};  // Rows that are not placed yet.
  Counts rows_{};
  std::array<double, kClassCount> train_wanted_{};
  std::array<double, kClassCount> test_wanted_{};
};

void shuffle(std::vector<std::int64_t>& rows, core::CounterRandom& random) {
  const auto order = core::random_permutation(static_cast<std::int64_t>(rows.size()), random);
  std::vector<std::int64_t> shuffled(rows.size());
  std::transform(order.begin(), order.end(), shuffled.begin(),
                 [&](std::int64_t place) { return rows[static_cast<std::size_t>(place)]; });
  rows = std::move(shuffled);
}

}  // namespace

StratifiedSplit grouped_split(std::span<const std::uint8_t> labels, std::span<const std::int64_t> groups,
                              double test_size, std::uint64_t seed, std::string_view purpose) {
  const auto numbers = numbered(groups);
  auto counts = count_classes(labels, numbers);
  if (counts.size() < 2) {
    throw core::Error(core::ExitCode::data,
                      core::with_thousands(static_cast<std::int64_t>(labels.size())) +
                          " images to divide into training and " + std::string(purpose) +
                          " are all of one photo",
                      "add images of other photos, or split without --group");
  }
  core::CounterRandom random(seed, core::stream_id("split by photo: " + std::string(purpose)));
  const auto sides = Placement(std::move(counts), test_size, random).place();
  StratifiedSplit split;
  for (std::size_t row = 0; row < labels.size(); ++row) {
    const bool test = sides[static_cast<std::size_t>(numbers[row])] == Side::test;
    (test ? split.test : split.train).push_back(static_cast<std::int64_t>(row));
  }
  shuffle(split.train, random);
  shuffle(split.test, random);
  return split;
}

}  // namespace svhn::data
