#include "data/preprocessing_text.h"

#include <gtest/gtest.h>

namespace svhn::data {
namespace {

std::string text(const std::vector<PreprocessStep>& steps) {
  Preprocessing preprocessing;
  preprocessing.steps = steps;
  preprocessing.train = {0.1, 0.9, 0.2, 0.8, {0.3, 0.4, 0.5}, {0.6, 0.7, 0.75}, 0.35, 0.65};
  return preprocessing_text(preprocessing);
}

TEST(PreprocessingText, NamesEachStepWithItsNumbers) {
  using enum PreprocessStep;
  EXPECT_EQ(text({}), "pixels / 255");
  EXPECT_EQ(text({greyscale}), "greyscale");
  EXPECT_EQ(text({minmax}), "scaled to 0..1 by the training split's range, 0.1000 to 0.9000");
  EXPECT_EQ(
      text({greyscale, minmax_per_split}),
      "greyscale, then each split scaled to 0..1 by its own range (other pictures by the training split's, "
      "0.2000 to 0.8000)");
  EXPECT_EQ(
      text({standardize}),
      "standardized by the training split's moments, means 0.3000 0.4000 0.5000, deviations 0.6000 0.7000 "
      "0.7500");
  EXPECT_EQ(text({greyscale, standardize}),
            "greyscale, then standardized by the training split's moments, mean 0.3500, deviation 0.6500");
}

TEST(PreprocessingText, LeavesOutNumbersThatALaterStepDoesNotUse) {
  using enum PreprocessStep;
  EXPECT_EQ(
      text({minmax, standardize}),
      "scaled to 0..1 by the training split's range, 0.1000 to 0.9000, then standardized by the training "
      "split's moments");
}

}  // namespace
}  // namespace svhn::data
