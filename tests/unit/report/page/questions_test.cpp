#include "report/page/questions.h"

#include <algorithm>

#include "unit/report/page/page_files.h"

namespace svhn::report {
namespace {

RunRecord run_of(const std::string& name, double best) {
  RunRecord run;
  run.name = name;
  run.history =
      metric::History{{2.0, 1.0, 0.5}, {0.3, 0.6, 0.9}, {1.5, 0.8, 1.1}, {0.4, best, 0.7}, {}, {}, {}};
  return run;
}

/// Nine of ten images are right, a 1 was taken for a 7.
RunRecord evaluated(const std::string& name, double best) {
  const PageFolder folder;
  RunRecord run = run_of(name, best);
  run.interpretation.evaluation = read_evaluation(folder.write("e.json", evaluation_text()));
  return run;
}

const Question& find(const std::vector<Question>& questions, const std::string& id) {
  return *std::find_if(questions.begin(), questions.end(), [&](const auto& q) { return q.id == id; });
}

TEST(AnswerQuestions, PutsTheAssignmentsNumberBesideOurs) {
  RunRecord run = run_of("model_1_1", 0.8);
  run.parameters = ParameterCounts{404010, 404010, 0};
  const auto questions = answer_questions({std::span(&run, 1), {}, {}});
  ASSERT_EQ(questions.size(), 1U);
  const auto& figures = questions[0].figures;
  EXPECT_EQ(figures.at(0).theirs, "404,010 / 404,010 / 0");
  EXPECT_EQ(figures.at(0).ours, "404,010 / 404,010 / 0");
  EXPECT_EQ(figures.at(1).theirs, "0.8110");
  EXPECT_EQ(figures.at(1).ours, "0.8000");
  EXPECT_EQ(figures.at(5).theirs, "0.436709 to 0.811040");
  EXPECT_EQ(figures.at(5).ours, "0.400000 to 0.800000");
}

// 0.8 against 0.8110; the last epoch has 0.9 in training against 0.7; the lowest loss 0.8 is in epoch 2 of 3.
TEST(AnswerQuestions, ChoosesItsWordsByTheNumbers) {
  const RunRecord run = evaluated("model_1_1", 0.8);
  const std::string text = answer_questions({std::span(&run, 1), {}, {}})[0].finding;
  EXPECT_TRUE(text.starts_with(
      "Best validation accuracy 0.8000 in epoch 2 of 3, 0.0110 below the assignment's "
      "0.8110. In the last epoch training accuracy is 0.9000, validation 0.7000: it "
      "overfits. Validation loss is lowest in epoch 2 (0.8000); more epochs only raised it."))
      << text;
  EXPECT_NE(text.find("On the test split 0.9000 of 10 images are right (95 % interval 0.6000 to 0.9800)."),
            std::string::npos)
      << text;
}

TEST(AnswerQuestions, SaysBetterEqualAndSynthetic) {
  RunRecord run = run_of("model_1_1", 0.9);
  const auto finding = [&] { return answer_questions({std::span(&run, 1), {}, {}})[0].finding; };
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
  const auto questions = answer_questions({runs, {}, {}});
  const std::string& text = find(questions, "1.2").finding;
  EXPECT_NE(text.find("Against question 1.1 (0.7500), greyscale input gains 0.0500."), std::string::npos)
      << text;
}

TEST(AnswerQuestions, LooksInsideTheAugmentedNetwork) {
  const RunRecord run = evaluated("model_2_2", 0.9);
  const auto questions = answer_questions({std::span(&run, 1), {}, {}});
  const Question& inside = find(questions, "3");
  EXPECT_EQ(inside.figures.at(0).theirs, "0.9030");
  EXPECT_EQ(inside.figures.at(0).ours, "0.9000");
  EXPECT_NE(inside.finding.find(
                "Most often a 1 is taken for a 7 (1 image); the hardest digit is 1, of which 0.0000 "
                "are found."),
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

TEST(AnswerQuestions, PassesByOtherNamesAndRunsWithoutAnEpoch) {
  std::vector<RunRecord> runs{run_of("mine", 0.5), run_of("model_1_1", 0.5)};
  runs[1].history.reset();
  EXPECT_TRUE(answer_questions({runs, {}, {}}).empty());
}

}  // namespace
}  // namespace svhn::report
