#include "interpret/misclassified.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace svhn::interpret {
namespace {

/// An image of class `label` with probability `p` on `held` and the rest on `other`.
PredictedImage predicted(std::int64_t index, int label, int held, double p, int other) {
  PredictedImage image{100 + index, index, label, {}};
  image.prediction.probabilities[metric::class_slot(held)] = p;
  image.prediction.probabilities[metric::class_slot(other)] += 1.0 - p;
  image.prediction.predicted = metric::top_class(image.prediction.probabilities);
  image.prediction.loss =
      -std::log(std::max(image.prediction.probabilities[metric::class_slot(label)], 1e-7));
  return image;
}

const std::vector<PredictedImage> kImages{
    predicted(0, 2, 2, 0.9, 5),  // Right.
    predicted(1, 2, 5, 0.8, 2),  // Wrong, loss -log 0.2.
    predicted(2, 5, 2, 0.6, 5),  // Wrong, loss -log 0.4.
    predicted(3, 2, 5, 0.9, 2),  // Wrong, loss -log 0.1.
    predicted(4, 5, 5, 0.7, 2),  // Right.
};

TEST(Mistakes, ListsTheFirstOfAClass) {
  EXPECT_EQ(first_misclassified(kImages, 2, 10), (ImageIndices{1, 3}));
  EXPECT_EQ(first_misclassified(kImages, 2, 1), ImageIndices{1});
  EXPECT_EQ(first_misclassified(kImages, 7, 10), ImageIndices{});
}

TEST(Mistakes, ListsTheWorstOfAll) {
  EXPECT_EQ(worst_misclassified(kImages, 10), (ImageIndices{3, 1, 2}));
  EXPECT_EQ(worst_misclassified(kImages, 2), (ImageIndices{3, 1}));
}

TEST(LabelErrors, NeedConfidenceInAnotherClass) {
  const LabelErrors found = suspected_label_errors(kImages);
  // Class 2: (0.9 + 0.2 + 0.1) / 3 = 0.4. Class 5: (0.4 + 0.7) / 2 = 0.55.
  EXPECT_NEAR(found.thresholds[2], 0.4, 1e-12);
  EXPECT_NEAR(found.thresholds[5], 0.55, 1e-12);
  EXPECT_EQ(found.thresholds[0], 0.0);
  // Images 1 and 3 reach 5's threshold, image 2 reaches 2's; their own labels' probabilities are .2, .1, .4.
  EXPECT_EQ(found.indices, (ImageIndices{3, 1, 2}));
  EXPECT_EQ(found.suggested, (std::vector<int>{5, 5, 2}));
}

TEST(LabelErrors, AreNotMereMistakes) {
  // Wrong, but 0.5 for class 5 stays below what images of class 5 usually get.
  const std::vector<PredictedImage> images{predicted(0, 2, 2, 0.95, 5), predicted(1, 5, 5, 0.9, 2),
                                           predicted(2, 2, 5, 0.5, 3)};
  const LabelErrors found = suspected_label_errors(images);
  EXPECT_TRUE(images[2].wrong());
  EXPECT_EQ(found.indices, ImageIndices{});
}

TEST(LabelErrors, LookAmongConfidentClassesOnly) {
  // Class 7 has no images, so nothing says what would be confident; class 5 is below its threshold of 0.9.
  const std::vector<PredictedImage> images{predicted(0, 5, 5, 0.9, 2), predicted(1, 2, 7, 0.6, 5)};
  EXPECT_EQ(suspected_label_errors(images).indices, ImageIndices{});
  EXPECT_EQ(suspected_label_errors({}).indices, ImageIndices{});
}

}  // namespace
}  // namespace svhn::interpret
