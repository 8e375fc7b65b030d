#pragma once
/// Splits that divide no group of rows, such as the digits of one photo.

#include <cstdint>
#include <span>
#include <string_view>

#include "data/split.h"

namespace svhn::data {

/// Divides rows into two parts, each group as a whole, so that every class has as near as possible the wanted
/// fraction of its rows in the second part. Groups are placed by iterative stratification: the rarest class
/// first, each of its groups, in random order, where most rows of it are wanted; then single groups move as
/// long as a move brings the classes nearer to their fractions. A class of few groups may be on one side
/// only.
/// @param labels [N], 0..9. @param groups [N], any numbers. @param test_size above 0 and below 1.
/// @param seed, purpose key of the random order; draws of other purposes are independent.
/// @returns the row numbers of both parts, each at least one group, shuffled.
/// @throws core::Error(data) for a single group.
/// @see Sechidis, Tsoumakas, Vlahavas, "On the Stratification of Multi-Label Data", ECML PKDD 2011,
/// algorithm 1: a group counts as an example, and for each class as often as it has rows of it.
StratifiedSplit grouped_split(std::span<const std::uint8_t> labels, std::span<const std::int64_t> groups,
                              double test_size, std::uint64_t seed, std::string_view purpose);

}  // namespace svhn::data
