#include "report/page/questions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "metric/tables.h"
#include "report/page/findings.h"

namespace svhn::report {
namespace {

/// What the assignment's notebook reports of a run.
struct Reported {
  const char* run;
  const char* id;
  const char* title;
  std::int64_t total, trainable, non_trainable;
  double best;
  std::array<std::array<double, 2>, 4> ranges;  ///< loss, accuracy, val_loss, val_accuracy: min, max.
  std::size_t limit;
};

constexpr std::array<Reported, 7> kReported{{
    {"model_1_1",
     "1.1",
     "Dense network on colour images",
     404010,
     404010,
     0,
     0.8110,
     {{{.532457, 2.156111}, {.237033, .834178}, {.648759, 1.717673}, {.436709, .811040}}},
     500},
    {"model_1_2",
     "1.2",
     "The same on greyscale images",
     141866,
     141866,
     0,
     0.8311,
     {{{.464691, 1.887040}, {.341008, .855927}, {.588804, 1.425442}, {.533203, .831057}}},
     500},
    {"model_1_3",
     "1.3",
     "Batch normalisation, dropout and searches",
     142762,
     142314,
     448,
     0.8248,
     {{{.565806, 1.688293}, {.428160, .824641}, {.574914, 1.659106}, {.467678, .824825}}},
     500},
    {"model_2_1",
     "2.1",
     "Convolutional network",
     552298,
     551146,
     1152,
     0.9541,
     {{{.064673, 1.009091}, {.687618, .979526}, {.189324, .409279}, {.875684, .954113}}},
     800},
    {"model_2_2",
     "2.2",
     "Convolutional network with augmentation",
     552298,
     551146,
     1152,
     0.9150,
     {{{.537836, 3.132016}, {.110937, .828125}, {.282412, 2.592028}, {.188015, .915025}}},
     500},
    {"model_4_1",
     "4.1",
     "Frozen VGG16",
     14748426,
     33610,
     14714816,
     0.5733,
     {{{1.270426, 1.625066}, {.451593, .568960}, {1.264157, 1.426515}, {.518160, .573299}}},
     500},
    {"model_4_2",
     "4.2",
     "VGG16 with its last two blocks trained",
     14748426,
     13012810,
     1735616,
     0.9196,
     {{{.052183, .939838}, {.680253, .984829}, {.306189, .611496}, {.802984, .919557}}},
     500},
}};
constexpr double kReportedTestAccuracy = 0.903;  ///< Question 3, of the augmented network.

struct ReportedSearch {
  const char* name;
  double best;
};
constexpr std::array<ReportedSearch, 3> kReportedSearches{
    {{"tune_units", 0.164}, {"tune_wrapper", -1.0}, {"tune_ablation", 0.806}}};

/// Numbers of the assignment under the names that configs/ gives to what they are of.
struct ReportedScore {
  const char* name;
  double score;
};
constexpr std::array<ReportedScore, 16> kReportedAblation{{{"base: batch 64, rate 1e-3, Adam, ReLU", .783},
                                                           {"batch 16", .589},
                                                           {"batch 32", .771},
                                                           {"rate 1e-2", .753},
                                                           {"rate 1e-4", .782},
                                                           {"RMSprop", .747},
                                                           {"SGD", .726},
                                                           {"tanh", .781},
                                                           {"SELU", .806},
                                                           {"BN, dropout -, .1, .2", .756},
                                                           {"BN, dropout -, .2, .3", .691},
                                                           {"BN, dropout .1, .2, .3", .595},
                                                           {"BN", .762},
                                                           {"dropout -, .1, .2", .193},
                                                           {"dropout .2, .2, .2", .300},
                                                           {"dropout .4, .4, .4", .191}}};
constexpr std::array<ReportedScore, 8> kReportedFrozen{{{"resnet50", .302},
                                                        {"resnet152v2", .464},
                                                        {"resnet101v2", .470},
                                                        {"vgg19", .550},
                                                        {"vgg16", .570},
                                                        {"densenet201", .597},
                                                        {"densenet121", .601},
                                                        {"densenet169", .606}}};

const RunRecord* find(const Measured& measured, std::string_view name) {
  for (const RunRecord& run : measured.runs) {
    if (run.name == name && run.history) return &run;
  }
  return nullptr;
}

std::string counts_text(std::int64_t total, std::int64_t trainable, std::int64_t rest) {
  return grouped_text(total) + " / " + grouped_text(trainable) + " / " + grouped_text(rest);
}

std::string range_text(double min, double max) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.6f to %.6f", min, max);
  return text.data();
}

std::vector<Figure> figures_of(const Reported& reported, const RunRecord& run) {
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

/// Their 25-epoch table beside the trials that bear its names.
void add_ablation(const metric::TuningResult& search, Question& question) {
  for (const ReportedScore& reported : kReportedAblation) {
    for (const auto& trial : search.trials) {
      if (trial.label != reported.name) continue;
      question.figures.push_back({search.name + ": " + trial.label, share_text(reported.score),
                                  trial.score ? share_text(*trial.score) : "-"});
    }
  }
}

void add_searches(const Measured& measured, Question& question, std::vector<std::string>& sentences) {
  for (const ReportedSearch& reported : kReportedSearches) {
    for (const auto& search : measured.searches) {
      if (search.name != reported.name) continue;
      const auto* best = metric::best_trial(search);
      question.figures.push_back({"Best of " + search.name,
                                  reported.best < 0 ? "-" : share_text(reported.best),
                                  best != nullptr && best->score ? share_text(*best->score) : "-"});
      sentences.push_back(search_sentence(search, reported.best));
      if (search.name == "tune_ablation") add_ablation(search, question);
    }
  }
}

void add_backbones(const metric::ComparisonResult& comparison, Question& question) {
  for (const ReportedScore& reported : kReportedFrozen) {
    for (const auto& backbone : comparison.backbones) {
      if (backbone.name != reported.name) continue;
      question.figures.push_back({"Frozen " + backbone.name, share_text(reported.score),
                                  backbone.frozen ? share_text(backbone.frozen->val_accuracy) : "-"});
    }
  }
}

/// What sets one question's answer apart from the others.
std::vector<std::string> own_sentences(const Measured& measured, const RunRecord& run, Question& question) {
  const auto against = [&](const char* name, const char* change, const char* id) {
    return change_sentence(run, find(measured, name), change, id);
  };
  std::vector<std::string> sentences;
  if (question.id == "1.2") sentences.push_back(against("model_1_1", "greyscale input", "1.1"));
  if (question.id == "1.3") {
    sentences.push_back(against("model_1_2", "batch normalisation with dropout", "1.2"));
    add_searches(measured, question, sentences);
  }
  if (question.id == "2.1") sentences.push_back(against("model_1_2", "convolution", "1.2"));
  if (question.id == "2.2")
    sentences.push_back(against("model_2_1", "augmentation (60 steps an epoch)", "2.1"));
  if (question.id == "4.1") sentences.push_back(against("model_2_1", "a frozen VGG16 in its place", "2.1"));
  if (question.id == "4.2") {
    sentences.push_back(against("model_4_1", "training the last two blocks", "4.1"));
    for (const auto& comparison : measured.comparisons) {
      sentences.push_back(comparison_sentence(comparison));
      add_backbones(comparison, question);
    }
  }
  return sentences;
}

Question answer(const Measured& measured, const Reported& reported, const RunRecord& run) {
  Question question{reported.id, std::string(reported.id) + " " + reported.title, {}, {}, reported.limit};
  question.figures = figures_of(reported, run);
  std::vector<std::string> sentences{reached_sentence(run, reported.best)};
  for (auto& sentence : own_sentences(measured, run, question)) sentences.push_back(std::move(sentence));
  for (auto sentence :
       {gap_sentence, course_sentence, split_sentence, mistakes_sentence, confidence_sentence}) {
    sentences.push_back(sentence(run));
  }
  question.finding = join_sentences(sentences, question.limit);
  return question;
}

/// Question 3 looks into the augmented network.
std::vector<Question> look_inside(const RunRecord& run) {
  const auto& result = run.interpretation.evaluation;
  if (!result || result->split != "test") return {};
  Question question{"3", "3 What the augmented network sees", {}, {}, 500};
  question.figures.push_back(
      {"Test accuracy", share_text(kReportedTestAccuracy), share_text(result->accuracy)});
  question.figures.push_back(
      {"Expected calibration error", "-", share_text(result->expected_calibration_error)});
  const auto& map = run.interpretation.map;
  if (map && map->kl_divergence) {
    question.figures.push_back({"KL divergence of the t-SNE map", "-", share_text(*map->kl_divergence)});
  }
  const std::string first = "Test accuracy " + share_text(result->accuracy) +
                            against_assignment(result->accuracy, kReportedTestAccuracy, run.synthetic) + ".";
  question.finding =
      join_sentences({first, mistakes_sentence(run), confidence_sentence(run)}, question.limit);
  return {question};
}

}  // namespace

std::vector<Question> answer_questions(const Measured& measured) {
  std::vector<Question> questions;
  for (const Reported& reported : kReported) {
    const RunRecord* run = find(measured, reported.run);
    if (run == nullptr) continue;
    questions.push_back(answer(measured, reported, *run));
    if (std::string_view(reported.run) != "model_2_2") continue;
    for (auto& question : look_inside(*run)) questions.push_back(std::move(question));
  }
  return questions;
}

}  // namespace svhn::report
