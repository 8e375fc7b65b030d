#include "report/page/questions.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "assignment/assignment.h"
#include "core/text.h"
#include "metric/classes.h"
#include "metric/tables.h"

namespace svhn::report {
namespace {

constexpr double kOverfit = 0.03, kUnderfit = -0.01, kEqual = 0.00005;
constexpr double kEarly = 0.7, kGoodCalibration = 0.02;

// The findings: sentences about measured numbers. A sentence is empty where its numbers are missing.

std::string count_text(std::int64_t count, const std::string& thing) {
  return core::with_thousands(count) + " " + thing + (count == 1 ? "" : "s");
}

const metric::EvaluationResult* evaluation(const RunRecord& run) {
  return run.interpretation.evaluation ? &*run.interpretation.evaluation : nullptr;
}

std::string share_text(double share) {
  return fmt::format("{:.4f}", share);
}

/// @returns "0.0150 below", "0.0150 above" or "equal to", at four decimals.
std::string difference_text(double ours, double theirs) {
  const double difference = ours - theirs;
  if (std::abs(difference) < kEqual) return "equal to";
  return share_text(std::abs(difference)) + (difference < 0 ? " below" : " above");
}

/// @returns e.g. ", 0.0150 below the assignment's 0.9541"; for synthetic digits there is no comparison.
std::string against_assignment(double ours, double theirs, bool synthetic) {
  const std::string reported = " the assignment's " + share_text(theirs);
  if (synthetic) return " on synthetic digits, which do not compare with" + reported;
  return ", " + difference_text(ours, theirs) + reported;
}

/// The best validation accuracy and the assignment's.
std::string reached_sentence(const RunRecord& run, double theirs) {
  const auto best = best_epoch(run);
  if (!best) return {};
  return "Best validation accuracy " + share_text(best->val_accuracy) + " in epoch " +
         std::to_string(best->epoch) + " of " + std::to_string(run.history->epochs()) +
         against_assignment(best->val_accuracy, theirs, run.synthetic) + ".";
}

/// The best validation accuracies of two runs.
/// @param change the difference of `run` from `before`, e.g. "greyscale images". @param question the question
/// of `before`.
std::string change_sentence(const RunRecord& run, const RunRecord* before, const std::string& change,
                            const std::string& question) {
  const auto best = best_epoch(run);
  const auto former = before != nullptr ? best_epoch(*before) : std::nullopt;
  if (!best || !former || run.synthetic != before->synthetic) return {};
  const double gain = best->val_accuracy - former->val_accuracy;
  const std::string compared = std::abs(gain) < kEqual
                                   ? " changes nothing"
                                   : (gain > 0 ? " gains " : " costs ") + share_text(std::abs(gain));
  return "Against question " + question + " (" + share_text(former->val_accuracy) + "), " + change +
         compared + ".";
}

/// Training and validation accuracy in the last epoch.
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

/// The epoch of the lowest validation loss.
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

/// The accuracy of the interpreted model on its split.
std::string split_sentence(const RunRecord& run) {
  const auto* result = evaluation(run);
  if (result == nullptr) return {};
  return "On the " + result->split + " split " + share_text(result->accuracy) + " of " +
         count_text(result->images, "image") + " are right (95 % interval " +
         share_text(result->accuracy_interval_95.low) + " to " +
         share_text(result->accuracy_interval_95.high) + ").";
}

/// The most frequent confusion and the digit of the lowest recall.
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
  return "Most often a " + digit(pair.true_class) + " is taken for a " + digit(pair.predicted) + " (" +
         count_text(pair.count, "image") + "); the hardest digit is " + digit(hardest->class_index) +
         ", of which " + share_text(hardest->recall) + " are found.";
}

/// The calibration error.
std::string confidence_sentence(const RunRecord& run) {
  const auto* result = evaluation(run);
  if (result == nullptr) return {};
  const double error = result->expected_calibration_error;
  return "Its probabilities " + std::string(error < kGoodCalibration ? "can be trusted" : "are off") +
         ": calibration error " + share_text(error) + ".";
}

/// The best trial of a search. @param theirs the assignment's best score, if it has one.
std::string search_sentence(const metric::TuningResult& search, std::optional<double> theirs) {
  const auto* best = metric::best_trial(search);
  if (best == nullptr || !best->score) return {};
  std::string values;
  for (const auto& value : best->values) {
    const std::string shown = value.shown();
    values += (values.empty() ? "" : ", ") + value.name + " " + (shown.size() > 24 ? "..." : shown);
  }
  if (!best->label.empty()) values = best->label;
  return "Of " + count_text(static_cast<std::int64_t>(search.trials.size()), "trial") + " of " + search.name +
         (search.synthetic ? " (synthetic digits)" : "") + " the best scored " + share_text(*best->score) +
         (values.empty() ? "" : " (" + values + ")") +
         (theirs ? "; the authors' best " + share_text(*theirs) : "") + ".";
}

/// The best backbone, frozen and unfrozen.
std::string comparison_sentence(const metric::ComparisonResult& comparison) {
  const auto ranked = metric::ranked_backbones(comparison);
  if (ranked.empty() || !metric::best_score(*ranked.front())) return {};
  const auto& best = *ranked.front();
  const auto scored = std::count_if(ranked.begin(), ranked.end(),
                                    [](const auto* b) { return metric::best_score(*b).has_value(); });
  std::string text = "Of " + count_text(scored, "backbone") + " compared, " + best.name + " is best with " +
                     share_text(*metric::best_score(best));
  if (best.frozen && best.unfrozen) text += " (frozen " + share_text(best.frozen->val_accuracy) + ")";
  return text + (comparison.synthetic ? ", on synthetic digits." : ".");
}

/// @returns the sentences, joined, as long as the text stays below `limit` bytes; a sentence that does not
/// fit is left out.
std::string join_sentences(const std::vector<std::string>& sentences, std::size_t limit) {
  std::string text;
  for (const std::string& sentence : sentences) {
    const std::string space = text.empty() || sentence.empty() ? "" : " ";
    if (text.size() + space.size() + sentence.size() < limit) text += space + sentence;
  }
  return text;
}

const RunRecord* find(const Measured& measured, std::string_view name) {
  for (const RunRecord& run : measured.runs) {
    if (run.name == name && run.history) return &run;
  }
  return nullptr;
}

std::string counts_text(std::int64_t total, std::int64_t trainable, std::int64_t rest) {
  return core::with_thousands(total) + " / " + core::with_thousands(trainable) + " / " +
         core::with_thousands(rest);
}

std::string range_text(double min, double max) {
  return fmt::format("{:.6f} to {:.6f}", min, max);
}

std::vector<Figure> figures_of(const assignment::Reported& reported, const RunRecord& run) {
  std::vector<Figure> figures;
  const auto& counts = run.parameters;
  figures.push_back({"Parameters: total / trained / not",
                     counts_text(reported.total, reported.trainable, reported.non_trainable),
                     counts ? counts_text(counts->total, counts->trainable, counts->non_trainable) : "-"});
  figures.push_back(
      {"Best validation accuracy", share_text(reported.best), share_text(best_epoch(run)->val_accuracy)});
  const auto table = metric::curve_table(*run.history);
  for (std::size_t i = 0; i < table.size(); ++i) {
    figures.push_back({table[i].name + ": min to max",
                       range_text(reported.ranges[i][0], reported.ranges[i][1]),
                       range_text(table[i].min, table[i].max)});
  }
  return figures;
}

/// Adds the assignment's 25-epoch table and the trials with the same labels.
void add_ablation(const metric::TuningResult& search, Question& question) {
  for (const assignment::ReportedScore& reported : assignment::kReportedAblation) {
    for (const auto& trial : search.trials) {
      if (trial.label != reported.name) continue;
      question.figures.push_back({search.name + ": " + trial.label, share_text(reported.score),
                                  trial.score ? share_text(*trial.score) : "-"});
    }
  }
}

void add_searches(const Measured& measured, Question& question, std::vector<std::string>& sentences) {
  for (const assignment::ReportedSearch& reported : assignment::kReportedSearches) {
    for (const auto& search : measured.searches) {
      if (search.name != reported.name) continue;
      const auto* best = metric::best_trial(search);
      question.figures.push_back({"Best of " + search.name, reported.best ? share_text(*reported.best) : "-",
                                  best != nullptr && best->score ? share_text(*best->score) : "-"});
      sentences.push_back(search_sentence(search, reported.best));
      if (search.name == "tune_ablation") add_ablation(search, question);
    }
  }
}

void add_backbones(const metric::ComparisonResult& comparison, Question& question) {
  for (const assignment::ReportedScore& reported : assignment::kReportedFrozen) {
    for (const auto& backbone : comparison.backbones) {
      if (backbone.name != reported.name) continue;
      question.figures.push_back({"Frozen " + backbone.name, share_text(reported.score),
                                  backbone.frozen ? share_text(backbone.frozen->val_accuracy) : "-"});
    }
  }
}

/// @returns the question that a run answers; nullptr for another run.
constexpr const char* question_of(std::string_view run) {
  for (const assignment::Reported& reported : assignment::kReported) {
    if (reported.run == run) return reported.question;
  }
  return nullptr;
}

static_assert(std::all_of(assignment::kReported.begin(), assignment::kReported.end(),
                          [](const assignment::Reported& reported) {
                            return reported.before == nullptr || question_of(reported.before) != nullptr;
                          }));

/// Sentences of one question only. @param question gets the figures that belong to them.
std::vector<std::string> own_sentences(const Measured& measured, const assignment::Reported& reported,
                                       const RunRecord& run, Question& question) {
  std::vector<std::string> sentences;
  if (reported.before != nullptr) {
    sentences.push_back(
        change_sentence(run, find(measured, reported.before), reported.change, question_of(reported.before)));
  }
  if (reported.has_searches) add_searches(measured, question, sentences);
  if (!reported.has_backbones) return sentences;
  for (const auto& comparison : measured.comparisons) {
    sentences.push_back(comparison_sentence(comparison));
    add_backbones(comparison, question);
  }
  return sentences;
}

Question answer(const Measured& measured, const assignment::Reported& reported, const RunRecord& run) {
  Question question{
      reported.question, std::string(reported.question) + " " + reported.title, {}, {}, reported.limit};
  question.figures = figures_of(reported, run);
  std::vector<std::string> sentences{reached_sentence(run, reported.best)};
  for (auto& sentence : own_sentences(measured, reported, run, question))
    sentences.push_back(std::move(sentence));
  for (auto sentence :
       {gap_sentence, course_sentence, split_sentence, mistakes_sentence, confidence_sentence}) {
    sentences.push_back(sentence(run));
  }
  question.finding = join_sentences(sentences, question.limit);
  return question;
}

/// Question 3, which interprets the augmented network. @param theirs the assignment's test accuracy.
std::vector<Question> question_3(const RunRecord& run, double theirs) {
  const auto& result = run.interpretation.evaluation;
  if (!result || result->split != "test") return {};
  Question question{"3", "3 What the augmented network sees", {}, {}, 500};
  question.figures.push_back({"Test accuracy", share_text(theirs), share_text(result->accuracy)});
  question.figures.push_back(
      {"Expected calibration error", "-", share_text(result->expected_calibration_error)});
  const auto& map = run.interpretation.map;
  if (map && map->kl_divergence) {
    question.figures.push_back({"KL divergence of the t-SNE map", "-", share_text(*map->kl_divergence)});
  }
  const std::string first = "Test accuracy " + share_text(result->accuracy) +
                            against_assignment(result->accuracy, theirs, run.synthetic) + ".";
  question.finding =
      join_sentences({first, mistakes_sentence(run), confidence_sentence(run)}, question.limit);
  return {question};
}

}  // namespace

std::vector<Question> answer_questions(const Measured& measured) {
  std::vector<Question> questions;
  for (const assignment::Reported& reported : assignment::kReported) {
    const RunRecord* run = find(measured, reported.run);
    if (run == nullptr) continue;
    questions.push_back(answer(measured, reported, *run));
    if (!reported.test_accuracy) continue;
    for (auto& question : question_3(*run, *reported.test_accuracy)) questions.push_back(std::move(question));
  }
  return questions;
}

}  // namespace svhn::report
