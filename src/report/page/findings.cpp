#include "report/page/findings.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

#include "assignment/assignment.h"
#include "core/text.h"
#include "core/words.h"
#include "metric/classes.h"

namespace svhn::report {
namespace {

constexpr double kOverfit = 0.03, kUnderfit = -0.01, kEqual = 0.00005;
constexpr double kEarly = 0.7, kGoodCalibration = 0.02;

const metric::EvaluationResult* evaluation(const RunRecord& run) {
  const ResultRecord* result = result_of(run);
  return result != nullptr && result->found.evaluation ? &*result->found.evaluation : nullptr;
}

/// @returns "0.0150 below", "0.0150 above" or "equal to", at four decimals.
std::string difference_text(double ours, double theirs) {
  const double difference = ours - theirs;
  if (std::abs(difference) < kEqual) return "equal to";
  return share_text(std::abs(difference)) + (difference < 0 ? " below" : " above");
}

}  // namespace

const ResultRecord* result_of(const RunRecord& run) {
  const ResultRecord* test = test_result(run.results);
  return test != nullptr ? test : primary_result(run.results);
}

std::string result_text(const ResultRecord& result) {
  return result.about.model.which + " model, " + result.about.split + " split, " +
         core::counted(result.about.split_images, "image") +
         (result.about.data.synthetic ? ", synthetic digits" : "");
}

std::string size_text(const RunRecord& run) {
  const auto& images = run.training.images;
  return "trained on " +
         (images ? core::counted(images->train, "image") : std::string("an unknown number of images")) +
         " (the assignment: " + core::with_thousands(assignment::kImages.train) + ")";
}

bool is_comparable(const RunRecord& run) {
  using assignment::kImages;
  const TrainingFacts& facts = run.training;
  return facts.synthetic == false && facts.images == SplitSizes{kImages.train, kImages.val, kImages.test};
}

std::string share_text(double share) {
  return fmt::format("{:.4f}", share);
}

std::string against_assignment(double ours, double theirs, const RunRecord& run) {
  const std::string reported = " the assignment's " + share_text(theirs);
  if (run.synthetic) return " on synthetic digits, which do not compare with" + reported;
  if (!is_comparable(run)) return ", " + size_text(run) + ": it does not compare with" + reported;
  return ", " + difference_text(ours, theirs) + reported;
}

std::string reached_sentence(const RunRecord& run, double theirs) {
  const auto best = best_epoch(run);
  if (!best) return {};
  return "Best validation accuracy " + share_text(best->val_accuracy) + " in epoch " +
         std::to_string(best->epoch) + " of " + std::to_string(run.history->epochs()) +
         against_assignment(best->val_accuracy, theirs, run) + ".";
}

std::string change_sentence(const RunRecord& run, const RunRecord* before, const std::string& change,
                            const std::string& question) {
  const auto best = best_epoch(run);
  const auto former = before != nullptr ? best_epoch(*before) : std::nullopt;
  if (!best || !former || run.training.fingerprint.empty() ||
      run.training.fingerprint != before->training.fingerprint) {
    return {};
  }
  const double gain = best->val_accuracy - former->val_accuracy;
  const std::string compared = std::abs(gain) < kEqual
                                   ? " changes nothing"
                                   : (gain > 0 ? " gains " : " costs ") + share_text(std::abs(gain));
  return "Against question " + question + " (" + share_text(former->val_accuracy) + "), " + change +
         compared + ".";
}

std::string gap_sentence(const RunRecord& run) {
  if (!run.history) return {};
  const double train = run.history->accuracy.back(), val = run.history->val_accuracy.back();
  const double gap = train - val;
  std::string meaning = ": little overfitting";
  if (gap > kOverfit) meaning = ": it overfits";
  if (gap < kUnderfit) meaning = ": no overfitting, training even ends below validation";
  return "In the last epoch training accuracy is " + share_text(train) + ", validation " + share_text(val) +
         meaning + ".";
}

std::string course_sentence(const RunRecord& run) {
  if (!run.history || run.history->epochs() < 3) return {};
  const auto& losses = run.history->val_loss;
  const auto lowest = std::min_element(losses.begin(), losses.end());
  const auto epoch = static_cast<std::size_t>(lowest - losses.begin()) + 1;
  const bool early = static_cast<double>(epoch) < kEarly * static_cast<double>(losses.size());
  std::string meaning = early ? "; more epochs only raised it" : "; it still fell late";
  if (epoch == losses.size()) meaning = ", the last: more epochs may help";
  return "Validation loss is lowest in epoch " + std::to_string(epoch) + " (" + share_text(*lowest) + ")" +
         meaning + ".";
}

std::string split_sentence(const RunRecord& run) {
  const auto* result = evaluation(run);
  if (result == nullptr) return {};
  return "The " + result_of(run)->about.model.which + " model gets " + share_text(result->accuracy) +
         " of the " + result->split + " split's " + core::counted(result->images, "image") +
         " right (95 % interval " + share_text(result->accuracy_interval_95.low) + " to " +
         share_text(result->accuracy_interval_95.high) + ").";
}

std::string mistakes_sentence(const RunRecord& run) {
  const auto* result = evaluation(run);
  if (result == nullptr) return {};
  if (result->most_confused.empty()) return "It makes no mistake there.";
  const auto& pair = result->most_confused.front();
  const auto hardest =
      std::min_element(result->per_class.begin(), result->per_class.end(), [](const auto& a, const auto& b) {
        return std::pair(a.support == 0, a.recall) < std::pair(b.support == 0, b.recall);
      });
  const auto digit = [](int index) { return std::to_string(metric::class_digit(index)); };
  return "Most often confused: true " + digit(pair.true_class) + ", predicted " + digit(pair.predicted) +
         " (" + core::counted(pair.count, "image") + "); the hardest digit is " +
         digit(hardest->class_index) + fmt::format(" (recall {:.2f}).", hardest->recall);
}

std::string confidence_sentence(const RunRecord& run) {
  const auto* result = evaluation(run);
  if (result == nullptr) return {};
  const double error = result->expected_calibration_error;
  return "Its probabilities " + std::string(error < kGoodCalibration ? "can be trusted" : "are off") +
         ": calibration error " + share_text(error) + ".";
}

std::string search_sentence(const metric::TuningResult& search, std::optional<double> theirs) {
  const auto* best = metric::best_trial(search);
  if (best == nullptr || !best->score) return {};
  std::string values;
  for (const auto& value : best->values) {
    const std::string shown = value.shown();
    values += (values.empty() ? "" : ", ") + value.name + " " + (shown.size() > 24 ? "..." : shown);
  }
  if (!best->label.empty()) values = best->label;
  return "Of " + core::counted(static_cast<std::int64_t>(search.trials.size()), "trial") + " of " +
         search.name + (search.synthetic ? " (synthetic digits)" : "") + " the best scored " +
         share_text(*best->score) + (values.empty() ? "" : " (" + values + ")") +
         (theirs && !search.synthetic ? "; the authors' best " + share_text(*theirs) : "") + ".";
}

std::string comparison_sentence(const metric::ComparisonResult& comparison) {
  const auto ranked = metric::ranked_backbones(comparison);
  if (ranked.empty() || !metric::best_score(*ranked.front())) return {};
  const auto& best = *ranked.front();
  const auto scored = std::count_if(ranked.begin(), ranked.end(),
                                    [](const auto* b) { return metric::best_score(*b).has_value(); });
  std::string text = "Of " + core::counted(scored, "backbone") + " compared, " + best.name +
                     " is best with " + share_text(*metric::best_score(best));
  if (best.frozen && best.unfrozen) text += " (frozen " + share_text(best.frozen->val_accuracy) + ")";
  return text + (comparison.synthetic ? ", on synthetic digits." : ".");
}

std::string join_sentences(const std::vector<std::string>& sentences, std::size_t limit) {
  std::string text;
  for (const std::string& sentence : sentences) {
    const std::string space = text.empty() || sentence.empty() ? "" : " ";
    if (text.size() + space.size() + sentence.size() < limit) text += space + sentence;
  }
  return text;
}

}  // namespace svhn::report
