#pragma once
/// Scores that need the probabilities of all classes. C = 10 classes, by class index (see classes.h).
/// A `true_class` outside of 0..9 throws core::Error(bug).

#include <cstdint>
#include <span>

#include "metric/classes.h"

namespace svhn::metric {

/// @param logits f32 [C], finite. @returns their softmax in float64.
Probabilities softmax(std::span<const float, kClasses> logits);
/// @param logits f32 [C], finite. @returns -log softmax(logits)[true_class], without overflow for any finite
/// logits.
double cross_entropy(std::span<const float, kClasses> logits, int true_class);
/// @returns -log of the probability, which is first kept inside [1e-7, 1 - 1e-7].
/// @see Keras, categorical_crossentropy(from_logits=False), backend.epsilon()
double cross_entropy(const Probabilities& probabilities, int true_class);

/// @returns the class of the largest probability; of equal ones the lowest class index.
int top_class(const Probabilities& probabilities);
/// @returns how many classes stand before `true_class`, 0..9: those with a larger probability, and those with
/// the same one and a lower index. (scikit-learn's top_k_accuracy_score takes the higher index first.)
int rank_of(const Probabilities& probabilities, int true_class);

/// Mean of numbers that arrive one by one, e.g. of losses.
class MeanMeter {
 public:
  void add(double x) {
    sum_ += x;
    ++count_;
  }
  /// @returns the mean, 0 when nothing was added.
  [[nodiscard]] double value() const { return count_ == 0 ? 0.0 : sum_ / static_cast<double>(count_); }
  [[nodiscard]] std::int64_t count() const { return count_; }
  void reset() { *this = {}; }

 private:
  double sum_ = 0.0;
  std::int64_t count_ = 0;
};

/// Share of the images whose true class is among the k most probable ones, for every k at once.
class TopKMeter {
 public:
  /// @param true_class 0..9.
  void add(const Probabilities& probabilities, int true_class);
  /// @param k 1..10. @returns the share, 0 when nothing was added.
  [[nodiscard]] double value(int k) const;
  void reset() { ranks_ = {}; }

 private:
  std::array<std::int64_t, kClasses> ranks_{};
};

}  // namespace svhn::metric
