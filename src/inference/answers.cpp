#include "inference/answers.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/error.h"
#include "metric/scores.h"

namespace svhn::inference {
namespace {

using metric::kClasses;
using Row = std::span<const float, kClasses>;

/// @returns a row of f32 [n,10].
Row row_of(const torch::Tensor& logits, std::size_t image) {
  return Row(static_cast<const float*>(logits.data_ptr()) + image * kClasses, kClasses);
}

void check_finite(Row row) {
  if (std::all_of(row.begin(), row.end(), [](float x) { return std::isfinite(x); })) return;
  throw core::Error(core::ExitCode::numeric, "the model gives numbers that are not finite",
                    "it has diverged; train it again with a smaller learning rate");
}

}  // namespace

AnswerMean::AnswerMean(std::size_t images, Average average) : average_(average), sums_(images) {}

void AnswerMean::add(const torch::Tensor& logits, double weight) {
  if (static_cast<std::size_t>(logits.size(0)) != sums_.size()) {
    throw core::Error(core::ExitCode::bug, std::to_string(logits.size(0)) + " answers for " +
                                               std::to_string(sums_.size()) + " images");
  }
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    const Row row = row_of(logits, i);
    check_finite(row);
    Scores scores{};
    if (average_ == Average::logits) {
      std::copy(row.begin(), row.end(), scores.begin());
    } else {
      scores = metric::softmax(row);
    }
    for (std::size_t k = 0; k < scores.size(); ++k) sums_[i][k] += weight * scores[k];
  }
}

void AnswerMean::blend(const AnswerMean& other, std::span<const std::size_t> images, double factor) {
  for (std::size_t i = 0; i < images.size(); ++i) {
    Scores& sums = sums_.at(images[i]);
    for (std::size_t k = 0; k < sums.size(); ++k) sums[k] = factor * sums[k] + other.sums_.at(i)[k];
  }
}

std::vector<std::size_t> AnswerMean::below(const std::optional<double>& threshold) const {
  std::vector<std::size_t> images;
  const auto probabilities = probabilities_of(logits());
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    const double best = *std::max_element(probabilities[i].begin(), probabilities[i].end());
    if (!threshold || best < *threshold) images.push_back(i);
  }
  return images;
}

torch::Tensor AnswerMean::logits() const {
  constexpr double kLeast = std::numeric_limits<double>::min();  // A probability of 0 has no logarithm.
  torch::Tensor result = at::empty({static_cast<std::int64_t>(sums_.size()), kClasses}, torch::kFloat32);
  auto* values = static_cast<float*>(result.data_ptr());
  for (const Scores& sums : sums_) {
    for (const double sum : sums) {
      *values++ = static_cast<float>(average_ == Average::logits ? sum : std::log(std::max(sum, kLeast)));
    }
  }
  return result;
}

std::vector<metric::Probabilities> probabilities_of(const torch::Tensor& logits) {
  std::vector<metric::Probabilities> result;
  for (std::int64_t i = 0; i < logits.size(0); ++i) {
    const Row row = row_of(logits, static_cast<std::size_t>(i));
    check_finite(row);
    result.push_back(metric::softmax(row));
  }
  return result;
}

}  // namespace svhn::inference
