#pragma once
/// Which view of an image an epoch sees.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "data/batch.h"
#include "data/options.h"
#include "data/preprocess.h"

namespace svhn::train {

/// @param pass over the training images, from 0. @returns the hook that makes its views.
using Augment = std::function<data::ImageHook(std::int64_t pass)>;

/// @param plan of the training images. @returns nothing where `options` is unset.
Augment make_augment(const std::optional<data::AugmentOptions>& options, const data::PreprocessPlan& plan,
                     std::uint64_t seed);

/// What an epoch's loader reads.
struct EpochPlace {
  std::int64_t epoch = 0;  ///< From 0.
  std::size_t images = 1;  ///< Of the training split.
  std::size_t rows = 1;    ///< Of the epoch; more than `images` where it has several passes.
  /// Which of the epoch's rows the loader reads, in its order.
  std::vector<std::size_t> places{};
};

/// Gives every pass its own views, also where an epoch has several: an epoch's passes are counted through,
/// epoch 0 first. @returns a hook to be called for the rows at `place.places`, one after the other.
data::ImageHook epoch_hook(const Augment& augment, EpochPlace place);

}  // namespace svhn::train
