#include "interpret/mistakes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace svhn::interpret {
namespace {

/// An image of class `label` with probability `p` on `held` and the rest on `other`.
JudgedImage judged(std::int64_t index, int label, int held, double p, int other) {
  JudgedImage image{100 + index, index, label, {}};
  image.prediction.probabilities[metric::class_slot(held)] = p;
  image.prediction.probabilities[metric::class_slot(other)] += 1.0 - p;
  image.prediction.predicted = metric::top_class(image.prediction.probabilities);
  image.prediction.loss =
      -std::log(std::max(image.prediction.probabilities[metric::class_slot(label)], 1e-7));
  return image;
}

const std::vector<JudgedImage> kImages{
    judged(0, 2, 2, 0.9, 5),  // Right.
    judged(1, 2, 5, 0.8, 2),  // Wrong, loss -log 0.2.
    judged(2, 5, 2, 0.6, 5),  // Wrong, loss -log 0.4.
    judged(3, 2, 5, 0.9, 2),  // Wrong, loss -log 0.1.
    judged(4, 5, 5, 0.7, 2),  // Right.
};

TEST(Mistakes, ListsTheFirstOfAClass) {
  EXPECT_EQ(first_mistakes(kImages, 2, 10), (Places{1, 3}));
  EXPECT_EQ(first_mistakes(kImages, 2, 1), Places{1});
  EXPECT_EQ(first_mistakes(kImages, 7, 10), Places{});
}

TEST(Mistakes, ListsTheWorstOfAll) {
  EXPECT_EQ(worst_mistakes(kImages, 10), (Places{3, 1, 2}));
  EXPECT_EQ(worst_mistakes(kImages, 2), (Places{3, 1}));
}

TEST(LabelErrors, NeedConfidenceInAnotherClass) {
  const LabelSuspicion found = suspected_label_errors(kImages);
  // Class 2: (0.9 + 0.2 + 0.1) / 3 = 0.4. Class 5: (0.4 + 0.7) / 2 = 0.55.
  EXPECT_NEAR(found.thresholds[2], 0.4, 1e-12);
  EXPECT_NEAR(found.thresholds[5], 0.55, 1e-12);
  EXPECT_EQ(found.thresholds[0], 0.0);
  // Images 1 and 3 reach 5's threshold, image 2 reaches 2's; their own labels' probabilities are .2, .1, .4.
  EXPECT_EQ(found.places, (Places{3, 1, 2}));
  EXPECT_EQ(found.suggested, (std::vector<int>{5, 5, 2}));
}

TEST(LabelErrors, AreNotMereMistakes) {
  // Wrong, but 0.5 for class 5 stays below what images of class 5 usually get.
  const std::vector<JudgedImage> images{judged(0, 2, 2, 0.95, 5), judged(1, 5, 5, 0.9, 2),
                                        judged(2, 2, 5, 0.5, 3)};
  const LabelSuspicion found = suspected_label_errors(images);
  EXPECT_TRUE(images[2].wrong());
  EXPECT_EQ(found.places, Places{});
}

TEST(LabelErrors, LookAmongConfidentClassesOnly) {
  // Class 7 has no images, so nothing says what would be confident; class 5 is below its threshold of 0.9.
  const std::vector<JudgedImage> images{judged(0, 5, 5, 0.9, 2), judged(1, 2, 7, 0.6, 5)};
  EXPECT_EQ(suspected_label_errors(images).places, Places{});
  EXPECT_EQ(suspected_label_errors({}).places, Places{});
}

}  // namespace
}  // namespace svhn::interpret
