#include "report/page/questions.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

#include "assignment/assignment.h"
#include "core/text.h"
#include "core/words.h"
#include "metric/tables.h"
#include "report/page/commands.h"
#include "report/page/findings.h"

namespace svhn::report {
namespace {

constexpr std::array<const char*, 4> kCurves{"loss", "accuracy", "val_loss", "val_accuracy"};
constexpr std::size_t kPictureParts = 4;

/// @returns the run of a name that answers best, nullptr without one that has an epoch.
const RunRecord* find(const Measured& measured, std::string_view name) {
  const auto worth = [](const RunRecord& run) {
    return std::tuple(is_comparable(run), !run.synthetic, test_result(run.results) != nullptr);
  };
  const RunRecord* found = nullptr;
  for (const RunRecord& run : measured.runs) {
    if (run.name != name || !run.history) continue;
    if (found == nullptr || worth(run) > worth(*found)) found = &run;
  }
  return found;
}

std::string counts_text(std::int64_t total, std::int64_t trainable, std::int64_t rest) {
  return core::with_thousands(total) + " / " + core::with_thousands(trainable) + " / " +
         core::with_thousands(rest);
}

std::string range_text(double min, double max) {
  return fmt::format("{:.6f} to {:.6f}", min, max);
}

/// @param images of the split; nothing where that is unknown.
std::string split_text(const RunRecord& run, const char* split, std::optional<std::int64_t> images) {
  return std::string(split) + " split" + (images ? ", " + core::counted(*images, "image") : "") +
         (run.synthetic ? ", synthetic digits" : "");
}

/// Adds what a run has measured to the figures of `figures_of`.
void add_measured(const RunRecord& run, std::vector<Figure>& figures) {
  const auto& sizes = run.training.images;
  const auto size = [&](std::int64_t SplitSizes::*field) {
    return sizes ? std::optional((*sizes).*field) : std::nullopt;
  };
  const std::string train = split_text(run, "training", size(&SplitSizes::train)),
                    val = split_text(run, "validation", size(&SplitSizes::val));
  const auto& counts = run.parameters;
  if (counts) figures[0].ours = counts_text(counts->total, counts->trainable, counts->non_trainable);
  figures[1].ours = share_text(best_epoch(run)->val_accuracy);
  figures[1].of = val;
  const auto table = metric::curve_table(*run.history);
  for (std::size_t i = 0; i < table.size(); ++i) {
    figures[2 + i].ours = range_text(table[i].min, table[i].max);
    figures[2 + i].of = i < 2 ? train : val;
  }
  if (const auto* result = result_of(run); result != nullptr && result->found.evaluation) {
    figures.push_back({result->about.split == "test" ? "Test accuracy" : "Accuracy", "-",
                       share_text(result->found.evaluation->accuracy), result_text(*result)});
  }
}

/// @param run nullptr: none.
std::vector<Figure> figures_of(const assignment::Reported& reported, const RunRecord* run) {
  std::vector<Figure> figures{
      {"Parameters: total / trained / not",
       counts_text(reported.total, reported.trainable, reported.non_trainable), "-", "the network"},
      {"Best validation accuracy", share_text(reported.best), "-", ""}};
  for (std::size_t i = 0; i < reported.ranges.size(); ++i) {
    figures.push_back({std::string(kCurves[i]) + ": min to max",
                       range_text(reported.ranges[i][0], reported.ranges[i][1]), "-", ""});
  }
  if (run != nullptr) add_measured(*run, figures);
  return figures;
}

std::string trials_text(const metric::TuningResult& search) {
  return core::counted(static_cast<std::int64_t>(search.trials.size()), "trial") +
         (search.synthetic ? ", synthetic digits" : "");
}

/// Adds the assignment's 25-epoch table and the trials with the same labels.
void add_ablation(const metric::TuningResult& search, Question& question) {
  for (const assignment::ReportedScore& reported : assignment::kReportedAblation) {
    for (const auto& trial : search.trials) {
      if (trial.label != reported.name) continue;
      question.figures.push_back({search.name + ": " + trial.label, share_text(reported.score),
                                  trial.score ? share_text(*trial.score) : "-",
                                  search.synthetic ? "one trial, synthetic digits" : "one trial"});
    }
  }
}

void add_searches(const Measured& measured, Question& question, std::vector<std::string>& sentences) {
  for (const assignment::ReportedSearch& reported : assignment::kReportedSearches) {
    for (const auto& search : measured.searches) {
      if (search.name != reported.name) continue;
      const auto* best = metric::best_trial(search);
      question.figures.push_back({"Best of " + search.name, reported.best ? share_text(*reported.best) : "-",
                                  best != nullptr && best->score ? share_text(*best->score) : "-",
                                  trials_text(search)});
      sentences.push_back(search_sentence(search, reported.best));
      if (search.name == "tune_ablation") add_ablation(search, question);
    }
  }
}

void add_backbones(const metric::ComparisonResult& comparison, Question& question) {
  for (const assignment::ReportedScore& reported : assignment::kReportedFrozen) {
    for (const auto& backbone : comparison.backbones) {
      if (backbone.name != reported.name) continue;
      question.figures.push_back(
          {"Frozen " + backbone.name, share_text(reported.score),
           backbone.frozen ? share_text(backbone.frozen->val_accuracy) : "-",
           comparison.synthetic ? "validation split, synthetic digits" : "validation split"});
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

std::string script_of(const assignment::Reported& reported) {
  std::string name = reported.question;
  std::replace(name.begin(), name.end(), '.', '_');
  return "scripts/q" + name + ".sh";
}

/// @returns "trained on 5,120 images (the assignment: 63,544), no augmentation, 2026-11-30, split 3f9a12bc".
std::string circumstances_of(const RunRecord& run) {
  constexpr std::size_t kDay = 10, kDigits = 8;
  const TrainingFacts& facts = run.training;
  std::string text = (run.synthetic ? "synthetic digits, " : "") + size_text(run);
  const auto& augmentation = facts.augmentation;
  if (augmentation)
    text += augmentation->empty() ? ", no augmentation" : ", augmented (" + *augmentation + ")";
  if (!facts.date.empty()) text += ", " + facts.date.substr(0, kDay);
  if (!facts.split_fingerprint.empty()) text += ", split " + facts.split_fingerprint.substr(0, kDigits);
  return text;
}

/// @returns the command that makes a run with the assignment's data; for a run of an earlier version, which
/// does not say how many images it had, the one that makes it say so.
std::string rerun_command(const assignment::Reported& reported, const RunRecord& run) {
  if (run.training.images || run.training.synthetic != false) return script_of(reported);
  return "svhn train --config " + shell_word((run.folder / "config.resolved.json").string()) + " --output " +
         shell_word(run.folder.parent_path().string()) + " --resume";
}

/// @returns the command that makes what a run's answer lacks; "" for nothing.
std::string missing_command(const Measured& measured, const assignment::Reported& reported,
                            const RunRecord& run) {
  if (!is_comparable(run)) return rerun_command(reported, run);
  if (test_result(run.results) == nullptr) return ModelCommands(run.model, "", "test").evaluate();
  if (reported.has_searches && measured.searches.empty()) return "scripts/tune_units.sh";
  return reported.has_backbones && measured.comparisons.empty() ? "scripts/q4_compare.sh" : "";
}

/// @returns a question without figures. @param run that answers it; nullptr: none does.
Question question_for(const char* id, const char* title, const RunRecord* run) {
  Question question;
  question.id = id;
  question.title = std::string(id) + " " + title;
  if (run == nullptr) return question;
  if (run->synthetic) question.title += " (synthetic digits)";
  question.run = run->slug;
  question.comparable = is_comparable(*run);
  question.circumstances = circumstances_of(*run);
  if (const auto* result = result_of(*run)) question.result = result->slug;
  return question;
}

Question answer(const Measured& measured, const assignment::Reported& reported) {
  const RunRecord* run = find(measured, reported.run);
  Question question = question_for(reported.question, reported.title, run);
  question.limit = reported.limit;
  question.figures = figures_of(reported, run);
  if (run == nullptr) {
    question.command = script_of(reported);
    question.finding = "There is no run " + std::string(reported.run) + " yet.";
    return question;
  }
  question.command = missing_command(measured, reported, *run);
  std::vector<std::string> sentences{reached_sentence(*run, reported.best)};
  for (auto& sentence : own_sentences(measured, reported, *run, question))
    sentences.push_back(std::move(sentence));
  for (auto sentence :
       {gap_sentence, course_sentence, split_sentence, mistakes_sentence, confidence_sentence}) {
    sentences.push_back(sentence(*run));
  }
  question.finding = join_sentences(sentences, question.limit);
  return question;
}

/// @returns the parts of question 3 that a run's results have: of `first`, else of the other results of the
/// same weights on the same data.
std::map<std::string, std::string> pictures_of(const RunRecord& run, const ResultRecord& first) {
  std::map<std::string, std::string> pictures;
  const auto add = [&](const ResultRecord& result) {
    const Interpretation& found = result.found;
    for (const auto& [part, there] :
         {std::pair("mistakes", found.mistakes.has_value()),
          std::pair("activations", found.activations.has_value()),
          std::pair("saliency", found.saliency.has_value()), std::pair("tsne", found.map.has_value())}) {
      if (there) pictures.emplace(part, result.slug);
    }
  };
  add(first);
  for (const ResultRecord& result : run.results) {
    if (result.about.model.digest == first.about.model.digest &&
        result.about.data.fingerprint == first.about.data.fingerprint) {
      add(result);
    }
  }
  return pictures;
}

/// @returns the result that shows a part of question 3; nullptr: none.
const ResultRecord* with_part(const RunRecord& run, const Question& question, const std::string& part) {
  const auto slug = question.pictures.find(part);
  if (slug == question.pictures.end()) return nullptr;
  const auto found = std::find_if(run.results.begin(), run.results.end(),
                                  [&](const ResultRecord& result) { return result.slug == slug->second; });
  return found == run.results.end() ? nullptr : &*found;
}

void add_inside(Question& question, const RunRecord& run, const ResultRecord& result, double theirs) {
  const auto& evaluation = *result.found.evaluation;
  question.result = result.slug;
  question.pictures = pictures_of(run, result);
  question.figures[0].ours = share_text(evaluation.accuracy);
  question.figures[0].of = question.figures[1].of = result_text(result);
  question.figures[1].ours = share_text(evaluation.expected_calibration_error);
  if (const ResultRecord* shown = with_part(run, question, "tsne")) {
    const ImageMap& map = *shown->found.map;
    if (map.kl_divergence) {
      question.figures.push_back(
          {"KL divergence of the t-SNE map", "-", share_text(*map.kl_divergence), result_text(*shown)});
    }
  }
  const std::string first = "Test accuracy " + share_text(evaluation.accuracy) +
                            against_assignment(evaluation.accuracy, theirs, run) + ".";
  question.finding =
      join_sentences({first, mistakes_sentence(run), confidence_sentence(run)}, question.limit);
}

/// Question 3, which interprets the augmented network. @param theirs the assignment's test accuracy.
Question question_3(const Measured& measured, const assignment::Reported& reported, double theirs) {
  const RunRecord* run = find(measured, reported.run);
  Question question = question_for("3", "What the augmented network sees", run);
  question.figures = {{"Test accuracy", share_text(theirs), "-", ""},
                      {"Expected calibration error", "-", "-", ""}};
  const ResultRecord* result = run != nullptr ? test_result(run->results) : nullptr;
  if (result != nullptr) add_inside(question, *run, *result, theirs);
  if (run == nullptr) question.command = script_of(reported);
  if (run != nullptr && !question.comparable) question.command = rerun_command(reported, *run);
  const bool complete = question.pictures.size() == kPictureParts;
  if (question.command.empty() && !complete)
    question.command = ModelCommands(run->model, "", "test").interpret();
  if (result != nullptr) return question;
  question.result.clear();
  question.finding = run == nullptr ? "There is no run " + std::string(reported.run) + " yet."
                                    : std::string(reported.run) + " has no results of the test split yet.";
  return question;
}

}  // namespace

std::vector<Question> answer_questions(const Measured& measured) {
  std::vector<Question> questions;
  for (const assignment::Reported& reported : assignment::kReported) {
    questions.push_back(answer(measured, reported));
    if (reported.test_accuracy) questions.push_back(question_3(measured, reported, *reported.test_accuracy));
  }
  return questions;
}

}  // namespace svhn::report
