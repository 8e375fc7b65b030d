#pragma once
/// Images that are in two splits: a model that has seen a test image says nothing about new ones.

#include <cstdint>
#include <span>

#include "data/split.h"

namespace svhn::data {

/// Numbers of images whose pixels also occur in another split, whatever their labels.
struct SharedRows {
  std::int64_t test_in_train = 0;
  std::int64_t val_in_train = 0;
  std::int64_t test_in_val = 0;
};

/// Compares all pixels of all images.
/// @param images u8 [N,32,32,3].
SharedRows count_shared_rows(std::span<const std::uint8_t> images, const SplitIndices& splits);

}  // namespace svhn::data
