#include "metric/tuning.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"

namespace svhn::metric {
namespace {

TuningResult small_result() {
  TuningResult result{"m", "random", "val_accuracy", true, false, {}};
  TrialResult a{1,
                "",
                TrialStatus::completed,
                {{"units", {"/a/1", "/a/2"}, "64"}, {"/t/rate", {"/t/rate"}, "0.001"}},
                0.5,
                {0.5},
                {0.25, 0.5},
                2,
                1.5,
                ""};
  TrialResult b = a;
  b.id = 2;
  b.status = TrialStatus::failed;
  b.score.reset();
  b.error = "epoch 1: the loss is nan, \"so\"";
  TrialResult c = a;
  c.id = 3;
  c.score = 0.75;
  c.values[0].value = "\"relu, x\"";
  TrialResult d = a;
  d.id = 4;
  d.status = TrialStatus::stopped;
  d.score = 0.9;
  result.trials = {a, b, c, d};
  return result;
}

std::vector<std::int64_t> ids(const std::vector<const TrialResult*>& trials) {
  std::vector<std::int64_t> found;
  for (const auto* trial : trials) found.push_back(trial->id);
  return found;
}

TEST(RankedTrials, PutCompletedBeforeStoppedBeforeFailed) {
  auto result = small_result();
  EXPECT_EQ(ids(ranked_trials(result)), (std::vector<std::int64_t>{3, 1, 4, 2}));
  EXPECT_EQ(best_trial(result)->id, 3);
  result.maximize = false;
  EXPECT_EQ(best_trial(result)->id, 1);
  result.trials = {result.trials[1], result.trials[3]};
  EXPECT_EQ(best_trial(result), nullptr) << "none was completed";
}

TEST(FormatTuning, AlignsTheTrialsBestFirst) {
  EXPECT_EQ(format_tuning(small_result()),
            "trial  units    t/rate  val_accuracy  epochs  seconds  status\n"
            "    3  relu, x  0.001       0.750000       2      1.5  completed\n"
            "    1  64       0.001       0.500000       2      1.5  completed\n"
            "    4  64       0.001       0.900000       2      1.5  stopped\n"
            "    2  64       0.001              -       2      1.5  failed\n");
}

TEST(FormatTuning, ShowsLabelsInPlaceOfValues) {
  auto result = small_result();
  result.trials.resize(1);
  result.trials[0].label = "bätch 16";
  EXPECT_EQ(format_tuning(result),
            "trial  change    val_accuracy  epochs  seconds  status\n"
            "    1  bätch 16      0.500000       2      1.5  completed\n");
}

TEST(TuningCsv, QuotesWhatNeedsIt) {
  const std::string csv = tuning_csv(small_result());
  EXPECT_EQ(csv.substr(0, csv.find('\n') + 1),
            "id,label,status,units,/t/rate,score,epochs,seconds,error\r\n");
  EXPECT_NE(csv.find("3,,completed,\"relu, x\",0.001,0.75,2,1.500,\r\n"), std::string::npos) << csv;
  EXPECT_NE(csv.find("2,,failed,64,0.001,,2,1.500,\"epoch 1: the loss is nan, \"\"so\"\"\"\r\n"),
            std::string::npos)
      << csv;
}

TEST(TuningJson, IsTheContract) {
  auto result = small_result();
  result.trials.resize(2);
  EXPECT_EQ(
      tuning_json(result, TuningDetail::contract).dump(),
      R"({"objective":"val_accuracy","trials":[{"id":1,"status":"completed","values":{"/a/1":64,"/a/2":64,)"
      R"("/t/rate":0.001},"score":0.5,"epochs":2,"seconds":1.5,"error":null},{"id":2,"status":"failed",)"
      R"("values":{"/a/1":64,"/a/2":64,"/t/rate":0.001},"score":null,"epochs":2,"seconds":1.5,)"
      R"("error":"epoch 1: the loss is nan, \"so\""}],"best":{"id":1,"status":"completed",)"
      R"("values":{"/a/1":64,"/a/2":64,"/t/rate":0.001},"score":0.5,"epochs":2,"seconds":1.5,"error":null}})");
}

class ReadTuning : public testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() / ("tuning-" + std::to_string(::getpid()));
  }
  void TearDown() override { std::filesystem::remove(path_); }
  void write(const std::string& text) const { core::write_text_file(path_, text, core::ExitCode::data); }
  std::filesystem::path path_;
};

TEST_F(ReadTuning, GivesBackWhatWasWritten) {
  const auto result = small_result();
  write(core::json_text(tuning_json(result, TuningDetail::full)));
  EXPECT_EQ(read_tuning(path_), result);
}

TEST_F(ReadTuning, RefusesDamage) {
  const std::string text = core::json_text(tuning_json(small_result(), TuningDetail::full));
  for (const auto& [from, to] : {std::pair("\"id\": 1", "\"id\": 0"),
                                 {"\"json\": \"64\"", "\"json\": \"6 4\""},
                                 {"completed", "complete"},
                                 {"\"curve\"", "\"kurve\""},
                                 {"max", "mix"}}) {
    std::string damaged = text;
    damaged.replace(damaged.find(from), std::string(from).size(), to);
    write(damaged);
    EXPECT_THROW(read_tuning(path_), core::Error) << to;
  }
  write(text.substr(0, text.size() / 2));
  EXPECT_THROW(read_tuning(path_), core::Error);
}

TEST(TunedValue, KnowsNumbersAndCutsWhatIsLong) {
  const TunedValue number{"a", {"/a"}, "0.0001"};
  EXPECT_EQ(number.number(), 1e-4);
  EXPECT_EQ(number.shown(), "0.0001");
  EXPECT_EQ((TunedValue{"a", {"/a"}, "\"selu\""}).number(), std::nullopt);
  const TunedValue layers{"a", {"/a"}, "[" + std::string(100, '1') + "]"};
  EXPECT_EQ(layers.shown(), "[" + std::string(38, '1') + "…");
}

}  // namespace
}  // namespace svhn::metric
