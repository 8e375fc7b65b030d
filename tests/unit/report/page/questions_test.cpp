#include "report/page/questions.h"

#include <algorithm>

#include "unit/report/page/page_files.h"

namespace svhn::report {
namespace {

RunRecord run_of(const std::string& name, double best) {
  RunRecord run;
  run.name = name;
  run.slug = name;
  run.training.synthetic = false;
  run.training.fingerprint = "12ab";
  run.training.images = SplitSizes{63'544, 15'887, 19'858};
  run.history =
      metric::History{{2.0, 1.0, 0.5}, {0.3, 0.6, 0.9}, {1.5, 0.8, 1.1}, {0.4, best, 0.7}, {}, {}, {}};
  return run;
}

/// Nine of ten images of the test split are right, a 1 was taken for a 7.
RunRecord evaluated(const std::string& name, double best) {
  RunRecord run = run_of(name, best);
  run.results.push_back(result_of(name));
  arrange(run.results);
  return run;
}

std::vector<Question> answers(const std::vector<RunRecord>& runs) {
  return answer_questions({runs, {}, {}});
}

const Question& find(const std::vector<Question>& questions, const std::string& id) {
  return *std::find_if(questions.begin(), questions.end(), [&](const auto& q) { return q.id == id; });
}

TEST(AnswerQuestions, PutsTheAssignmentsNumberBesideOurs) {
  RunRecord run = run_of("model_1_1", 0.8);
  run.parameters = ParameterCounts{404010, 404010, 0};
  const auto figures = answers({run}).at(0).figures;
  EXPECT_EQ(figures.at(0).theirs, "404,010 / 404,010 / 0");
  EXPECT_EQ(figures.at(0).ours, "404,010 / 404,010 / 0");
  EXPECT_EQ(figures.at(1).theirs, "0.8110");
  EXPECT_EQ(figures.at(1).ours, "0.8000");
  EXPECT_EQ(figures.at(1).of, "validation split, 15,887 images");
  EXPECT_EQ(figures.at(5).theirs, "0.436709 to 0.811040");
  EXPECT_EQ(figures.at(5).ours, "0.400000 to 0.800000");
}

// 0.8 against 0.8110; the last epoch has 0.9 in training against 0.7; the lowest loss 0.8 is in epoch 2 of 3.
TEST(AnswerQuestions, ChoosesItsWordsByTheNumbers) {
  const RunRecord run = evaluated("model_1_1", 0.8);
  const std::string text = answers({run})[0].finding;
  EXPECT_TRUE(text.starts_with(
      "Best validation accuracy 0.8000 in epoch 2 of 3, 0.0110 below the assignment's "
      "0.8110. In the last epoch training accuracy is 0.9000, validation 0.7000: it "
      "overfits. Validation loss is lowest in epoch 2 (0.8000); more epochs only raised it."))
      << text;
  EXPECT_NE(
      text.find(
          "The best model gets 0.9000 of the test split's 10 images right (95 % interval 0.6000 to 0.9800)."),
      std::string::npos)
      << text;
}

TEST(AnswerQuestions, SaysBetterEqualAndSynthetic) {
  RunRecord run = run_of("model_1_1", 0.9);
  const auto finding = [&] { return answers({run})[0].finding; };
  EXPECT_NE(finding().find("0.0890 above the assignment's 0.8110."), std::string::npos) << finding();
  run.history->val_accuracy[1] = 0.8110;
  EXPECT_NE(finding().find("equal to the assignment's 0.8110."), std::string::npos) << finding();
  run.synthetic = true;
  EXPECT_NE(finding().find("on synthetic digits, which do not compare with the assignment's 0.8110."),
            std::string::npos)
      << finding();
}

TEST(AnswerQuestions, ComparesWithTheQuestionBefore) {
  const std::vector<RunRecord> runs{run_of("model_1_1", 0.75), run_of("model_1_2", 0.80)};
  const auto questions = answers(runs);
  const std::string& text = find(questions, "1.2").finding;
  EXPECT_NE(text.find("Against question 1.1 (0.7500), greyscale input gains 0.0500."), std::string::npos)
      << text;
}

TEST(AnswerQuestions, LooksInsideTheAugmentedNetwork) {
  const RunRecord run = evaluated("model_2_2", 0.9);
  const auto questions = answers({run});
  const Question& inside = find(questions, "3");
  EXPECT_EQ(inside.figures.at(0).theirs, "0.9030");
  EXPECT_EQ(inside.figures.at(0).ours, "0.9000");
  EXPECT_NE(inside.finding.find(
                "Most often confused: true 1, predicted 7 (1 image); the hardest digit is 1 (recall 0.00)."),
            std::string::npos)
      << inside.finding;
}

TEST(AnswerQuestions, PutsTrialsAndBackbonesBesideThoseOfTheAssignment) {
  const std::vector<RunRecord> runs{run_of("model_1_3", 0.8), run_of("model_4_2", 0.9)};
  metric::TrialResult trial;
  trial.id = 1;
  trial.label = "SELU";
  trial.score = 0.5;
  const metric::TuningResult search{"tune_ablation", "list", "val_accuracy", true, false, {trial}};
  const metric::ComparisonResult comparison{
      "q4_compare", false, {{"vgg19", "w", 1, {1}, metric::BackboneScore{0.25, 1}, {}, {}, {}}}};
  const auto questions = answer_questions({runs, std::span(&search, 1), std::span(&comparison, 1)});
  const auto& ablation = find(questions, "1.3").figures.back();
  EXPECT_EQ(ablation.name + " " + ablation.theirs + " " + ablation.ours, "tune_ablation: SELU 0.8060 0.5000");
  const auto& frozen = find(questions, "4.2").figures.back();
  EXPECT_EQ(frozen.name + " " + frozen.theirs + " " + frozen.ours, "Frozen vgg19 0.5500 0.2500");
}

TEST(AnswerQuestions, StaysBelowItsLimitsWhateverThereIsToTell) {
  std::vector<RunRecord> runs;
  for (const char* name :
       {"model_1_1", "model_1_2", "model_1_3", "model_2_1", "model_2_2", "model_4_1", "model_4_2"}) {
    runs.push_back(evaluated(name, 0.123456789));
    runs.back().synthetic = true;
  }
  metric::TrialResult trial;
  trial.id = 1;
  trial.score = 0.5;
  trial.label = std::string(300, 'x');
  std::vector<metric::TuningResult> searches;
  for (const char* name : {"tune_units", "tune_wrapper", "tune_ablation"}) {
    searches.push_back({name, "random", "val_accuracy", true, true, {trial}});
  }
  const metric::ComparisonResult comparison{
      "c", true, {{std::string(200, 'b'), "w", 1, {1}, metric::BackboneScore{0.5, 1}, {}, {}, {}}}};
  const auto questions = answer_questions({runs, searches, std::span(&comparison, 1)});
  ASSERT_EQ(questions.size(), 8U);
  for (const Question& question : questions) {
    EXPECT_LT(question.finding.size(), question.id == "2.1" ? 800U : 500U) << question.id;
    EXPECT_GT(question.finding.size(), 100U) << question.id;
    EXPECT_TRUE(question.finding.ends_with(".")) << question.finding;
  }
}

TEST(AnswerQuestions, NamesTheCommandOfAQuestionWithoutARun) {
  std::vector<RunRecord> runs{run_of("mine", 0.5), run_of("model_1_1", 0.5)};
  runs[1].history.reset();
  const auto questions = answers(runs);
  ASSERT_EQ(questions.size(), 8U);
  for (const Question& question : questions) {
    EXPECT_EQ(question.run + question.result, "") << question.id;
    EXPECT_FALSE(question.comparable);
    EXPECT_FALSE(question.finding.empty());
  }
  EXPECT_EQ(find(questions, "1.1").command, "scripts/q1_1.sh");
  EXPECT_EQ(find(questions, "1.1").figures.at(1).theirs, "0.8110");
  EXPECT_EQ(find(questions, "1.1").figures.at(1).ours, "-");
  EXPECT_EQ(find(questions, "3").command, "scripts/q2_2.sh");
}

TEST(AnswerQuestions, TellsNoDifferenceFromFewerImages) {
  RunRecord run = evaluated("model_2_2", 0.8);
  run.training.images = SplitSizes{5'120, 1'280, 1'600};
  run.training.augmentation = "";
  run.training.date = "2026-11-30T12:00:00Z";
  run.training.split_fingerprint = "3f9a12bc34567890";
  const auto questions = answers({run});
  for (const char* id : {"2.2", "3"}) {
    const Question& question = find(questions, id);
    EXPECT_FALSE(question.comparable) << id;
    EXPECT_EQ(question.finding.find("below"), std::string::npos) << question.finding;
    EXPECT_NE(question.finding.find("trained on 5,120 images (the assignment: 63,544): it does not compare"),
              std::string::npos)
        << question.finding;
    EXPECT_EQ(
        question.circumstances,
        "trained on 5,120 images (the assignment: 63,544), no augmentation, 2026-11-30, split 3f9a12bc");
    EXPECT_EQ(question.command, "scripts/q2_2.sh");
  }
}

TEST(AnswerQuestions, LetsARunOfAnEarlierVersionSayItsSize) {
  RunRecord run = run_of("model_2_2", 0.8);
  run.folder = "models/model_2_2";
  run.training.images.reset();
  const Question question = find(answers({run}), "2.2");
  EXPECT_NE(question.finding.find("trained on an unknown number of images"), std::string::npos)
      << question.finding;
  EXPECT_EQ(question.command,
            "svhn train --config models/model_2_2/config.resolved.json --output models --resume");
}

TEST(AnswerQuestions, SaysSyntheticInTitlesFiguresAndFindings) {
  RunRecord run = evaluated("model_2_2", 0.8);
  run.synthetic = true;
  run.training.synthetic = true;
  run.results[0].about.data.synthetic = true;
  const auto questions = answers({run});
  for (const char* id : {"2.2", "3"}) {
    const Question& question = find(questions, id);
    EXPECT_TRUE(question.title.ends_with(" (synthetic digits)")) << question.title;
    EXPECT_FALSE(question.comparable);
    EXPECT_NE(question.finding.find("synthetic digits"), std::string::npos) << question.finding;
    EXPECT_EQ(question.finding.find("below"), std::string::npos) << question.finding;
    EXPECT_TRUE(question.figures.back().of.ends_with("synthetic digits")) << question.figures.back().of;
  }
}

TEST(AnswerQuestions, AreFedByNoResultsOfOtherData) {
  RunRecord run = evaluated("model_2_2", 0.8);
  run.results[0].same_as_training = false;
  run.results[0].found.evaluation->accuracy = 0.6767;
  arrange(run.results);
  const auto questions = answers({run});
  EXPECT_EQ(find(questions, "3").figures.at(0).ours, "-");
  EXPECT_EQ(find(questions, "3").command, "svhn interpret --model ''");
  for (const Question& question : questions) {
    EXPECT_EQ(question.result, "") << question.id;
    EXPECT_EQ(question.finding.find("0.6767"), std::string::npos) << question.finding;
  }
}

TEST(AnswerQuestions, ComparesRunsOfTheSameDataOnly) {
  std::vector<RunRecord> runs{run_of("model_1_1", 0.75), run_of("model_1_2", 0.80)};
  runs[1].training.fingerprint = "13";
  EXPECT_EQ(find(answers(runs), "1.2").finding.find("Against question"), std::string::npos);
}

TEST(AnswerQuestions, TakeTheRunWithTheAssignmentsData) {
  std::vector<RunRecord> runs{evaluated("model_1_1", 0.75), evaluated("model_1_1", 0.5),
                              run_of("model_1_1", 0.6)};
  name_slugs(runs);
  runs[0].training.images = SplitSizes{5'120, 1'280, 1'600};
  EXPECT_EQ(find(answers(runs), "1.1").run, "model_1_1-2");
}

TEST(AnswerQuestions, SayWhichResultHasThePicturesOfQuestion3) {
  RunRecord run = evaluated("model_2_2", 0.8);
  run.results[0].found.mistakes.emplace();
  run.results.push_back(result_of("model_2_2"));
  run.results[1].about.split = "train";
  run.results[1].found.mistakes.emplace();
  run.results[1].found.map.emplace();
  run.results[1].found.map->kl_divergence = 1.5;
  arrange(run.results);
  const Question question = find(answers({run}), "3");
  EXPECT_EQ(question.result, "best-test");
  EXPECT_EQ(question.pictures,
            (std::map<std::string, std::string>{{"mistakes", "best-test"}, {"tsne", "best-train"}}));
  const Figure& figure = question.figures.back();
  EXPECT_EQ(figure.ours + " of " + figure.of, "1.5000 of best model, train split, 10 images");
}

}  // namespace
}  // namespace svhn::report
