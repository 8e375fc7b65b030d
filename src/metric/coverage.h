#pragma once
/// Selective prediction: how accurate the answers are where the least sure images are left unanswered.
/// @see Geifman and El-Yaniv, "Selective Classification for Deep Neural Networks", 2017

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

namespace svhn::metric {

/// The images whose probability is at least the threshold.
struct CoverageStep {
  double threshold = 0.0;
  std::int64_t answered = 0;
  std::int64_t right = 0;

  /// @returns the share of right answers. There is at least one answer.
  [[nodiscard]] double accuracy() const { return static_cast<double>(right) / static_cast<double>(answered); }
};

struct CoverageCurve {
  std::int64_t images = 0;
  std::vector<CoverageStep> steps;  ///< One for each probability that occurs, the highest first.

  /// @returns the share of the images that a step answers.
  [[nodiscard]] double coverage(const CoverageStep& step) const {
    return static_cast<double>(step.answered) / static_cast<double>(images);
  }
};

/// The answers that are left where those below a probability are not given.
struct Rejection {
  double threshold = 0.0;
  std::int64_t answered = 0;
  double coverage = 0.0;           ///< Share of the images; 0 without images.
  std::optional<double> accuracy;  ///< Of the answers, if there are any.
};

/// @returns the area under the risk-coverage curve: the mean over all images of the share of wrong ones among
/// those of at least the same probability; 0 without images.
/// @see Geifman, Uziel and El-Yaniv, "Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers", 2019,
/// section 3
double risk_coverage_area(const CoverageCurve& curve);

/// @returns for each whole percent of the images the first step that answers as many; the last answers all.
std::vector<CoverageStep> percent_steps(const CoverageCurve& curve);

/// @param threshold the smallest probability of an answer.
Rejection rejection_at(const CoverageCurve& curve, double threshold);

/// @returns [{"coverage", "accuracy", "threshold"}…] of the percent steps.
nlohmann::ordered_json coverage_json(const CoverageCurve& curve);

/// Takes the answers of a split one by one.
class CoverageMeter {
 public:
  /// @param confidence the top probability, 0..1. @param correct whether that class is the true one.
  void add(double confidence, bool correct) { answers_.push_back({confidence, correct}); }
  [[nodiscard]] CoverageCurve value() const;

 private:
  struct Answer {
    double confidence = 0.0;
    bool correct = false;
  };
  std::vector<Answer> answers_;
};

}  // namespace svhn::metric
