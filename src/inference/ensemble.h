#pragma once
/// Several models as one: each answers, in one or several views of each image, and the mean is the answer.
/// The networks may differ, also in their preprocessing and input. n: images; H, W: height and width.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "data/preprocess.h"
#include "inference/answers.h"
#include "inference/evaluate.h"
#include "inference/predictor.h"
#include "inference/views.h"

namespace svhn::inference {

struct EnsembleOptions {
  Average average = Average::probabilities;
  int views = 1;  ///< Of `kViewCounts`.
  /// Only images whose largest probability, without further views, is below this get them; unset: all.
  std::optional<double> views_below{};
  kernels::Precision precision = kernels::Precision::float32;
};

struct EnsembleMember {
  network::Network network;  ///< Of `load_for_inference`.
  data::Preprocessing preprocessing;
};

class Ensemble {
 public:
  /// @param members at least one; one with a single view answers as it does alone, bit by bit.
  Ensemble(std::vector<EnsembleMember> members, const EnsembleOptions& options);

  struct Evaluation {
    metric::EvaluationResult result;  ///< `model` is left empty.
    std::int64_t viewed = 0;          ///< Images that got further views.
  };
  /// Evaluates the mean on a split, as `evaluate` does a network.
  /// @param options its batch size, precision and inputs are those of the members.
  /// @throws core::Error as `evaluate`
  Evaluation evaluate(const data::PreparedData& data, data::Split split, const EvaluateOptions& options);

  /// @returns the sides of the images that `predict` takes, each once.
  [[nodiscard]] const std::vector<data::ImageSides>& sides() const { return sides_; }
  struct Prediction {
    metric::Probabilities probabilities{};
    bool viewed = false;  ///< In further views.
  };
  /// @param images for each of `sides` the same images, u8 [n,H,W,3].
  /// @throws core::Error(numeric) when a logit is not finite.
  std::vector<Prediction> predict(std::span<const std::vector<std::uint8_t>> images);

 private:
  struct Member {
    Predictor predictor;
    data::Preprocessing preprocessing;
    std::size_t sides = 0;  ///< Place in `sides_`.
  };
  /// @returns the logits f32 [n,10] of one member for some images in each view.
  using Run = std::function<std::vector<torch::Tensor>(Member& member, std::span<const std::size_t> images,
                                                       std::span<const View> views)>;
  /// Called with the number of logits that are still to come.
  using Expect = std::function<void(std::size_t count)>;
  struct Answers {
    AnswerMean mean;
    std::vector<std::size_t> viewed;  ///< The places of images that got further views.
  };
  Answers answer(std::size_t images, const Run& run, const Expect& expect);

  EnsembleOptions options_;
  std::vector<View> views_;
  std::vector<Member> members_;
  std::vector<data::ImageSides> sides_;
};

}  // namespace svhn::inference
