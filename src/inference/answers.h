#pragma once
/// The mean of several answers to the same images. n: images.

#include <torch/types.h>

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "metric/classes.h"

namespace svhn::inference {

/// What of several answers is averaged.
enum class Average {
  probabilities,  ///< The mean of their softmax.
  logits,         ///< The softmax of their mean: the geometric mean of the probabilities, normalized.
};

/// Adds up answers of n images, each with a weight.
class AnswerMean {
 public:
  AnswerMean(std::size_t images, Average average);

  /// @param logits f32 [n,10]. @throws core::Error(numeric) when one is not finite, (bug) for another n.
  void add(const torch::Tensor& logits, double weight);
  /// Multiplies the sums of some images, and adds those of others to them.
  /// @param images places here of the images of `other`, in their order. @param factor of the former sums.
  void blend(const AnswerMean& other, std::span<const std::size_t> images, double factor);
  /// @returns the places of the images whose largest probability is below `threshold`; nothing: all.
  [[nodiscard]] std::vector<std::size_t> below(const std::optional<double>& threshold) const;
  /// @returns f32 [n,10] whose softmax is the mean, once the weights of each image add up to 1.
  [[nodiscard]] torch::Tensor logits() const;

 private:
  using Scores = std::array<double, metric::kClasses>;

  Average average_;
  std::vector<Scores> sums_;
};

/// @param logits f32 [n,10], contiguous. @returns the softmax of each.
std::vector<metric::Probabilities> probabilities_of(const torch::Tensor& logits);

}  // namespace svhn::inference
