#include "train/augmentation.h"

#include <gtest/gtest.h>

#include <vector>

namespace svhn::train {
namespace {

/// Writes the pass into the pixel.
data::ImageHook mark(std::int64_t pass) {
  return [pass](std::span<float> chw, std::int64_t) { chw[0] = static_cast<float>(pass); };
}

/// @param first of the epoch's rows that is read; the others follow.
std::vector<float> passes_of(EpochPlace place, std::size_t first = 0) {
  for (std::size_t i = first; i < place.rows; ++i) place.places.push_back(i);
  const auto hook = epoch_hook(mark, place);
  std::vector<float> seen;
  for (std::size_t i = 0; i < place.places.size(); ++i) {
    float pixel = -1.0F;
    hook({&pixel, 1}, 0);
    seen.push_back(pixel);
  }
  return seen;
}

TEST(EpochHook, CountsTheEpochsWhereEachIsOnePassOrLess) {
  EXPECT_EQ(passes_of({4, 3, 3}), (std::vector<float>{4, 4, 4}));
  EXPECT_EQ(passes_of({4, 30, 2}), (std::vector<float>{4, 4}));
}

TEST(EpochHook, CountsThePassesThroughTheEpochs) {
  // Three passes an epoch, the last one cut: epoch 2 has the passes 6, 7 and 8.
  EXPECT_EQ(passes_of({2, 3, 8}), (std::vector<float>{6, 6, 6, 7, 7, 7, 8, 8}));
}

TEST(EpochHook, GoesOnInTheMiddleOfAnEpochAsIfNeverStopped) {
  EXPECT_EQ(passes_of({2, 3, 8}, 4), (std::vector<float>{7, 7, 8, 8}));
  EXPECT_EQ(passes_of({2, 3, 8}, 6), (std::vector<float>{8, 8}));
}

TEST(EpochHook, KnowsThePassOfEachPlaceInAnyOrder) {
  const auto hook = epoch_hook(mark, {2, 3, 8, {7, 0, 3, 2}});
  for (const float pass : {8.0F, 6.0F, 7.0F, 6.0F}) {
    float pixel = -1.0F;
    hook({&pixel, 1}, 0);
    EXPECT_EQ(pixel, pass);
  }
}

}  // namespace
}  // namespace svhn::train
