#include "train/run_log.h"

#include <nlohmann/json.hpp>

#include "unit/hostile_bytes.h"

namespace svhn::train {
namespace {

metric::History two_epochs() {
  return {{2.25, 1.5}, {0.25, 0.5}, {2.0, 1.75}, {0.3, 0.41}, {1e-3, 1e-3}, {61.04, 59.96}, {419.6, 421.4}};
}

class RunLogTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  RunFiles files_{folder_.path(), "m"};
  RunLog log_{files_};
};

TEST(EpochLine, TellsTheEpochsNumbers) {
  EXPECT_EQ(epoch_line(two_epochs(), 2, 50),
            "epoch  2/50  loss 1.5000  accuracy 0.5000  val_loss 1.7500  val_accuracy 0.4100  60.0 s  421 "
            "images/s");
}

TEST_F(RunLogTest, KeepsCurvesAndLogAfterEachEpoch) {
  log_.start("started", {});
  TrainingState state;
  state.history = two_epochs();
  log_.on_epoch({2, 2, &state, true});
  EXPECT_TRUE(metric::read_history(files_.run_history) == two_epochs());
  EXPECT_EQ(test::read_bytes(files_.metrics),
            "{\"epoch\":1,\"loss\":2.25,\"accuracy\":0.25,\"val_loss\":2.0,\"val_accuracy\":0.3,\"learning_"
            "rate\":0.001,"
            "\"seconds\":61.04,\"images_per_second\":419.6}\n"
            "{\"epoch\":2,\"loss\":1.5,\"accuracy\":0.5,\"val_loss\":1.75,\"val_accuracy\":0.41,\"learning_"
            "rate\":0.001,"
            "\"seconds\":59.96,\"images_per_second\":421.4}\n");
  const std::string log = test::read_bytes(files_.log);
  EXPECT_NE(log.find("Z  started after epoch 0\n"), std::string::npos) << log;
  EXPECT_NE(log.find("epoch 2/2  loss 1.5000"), std::string::npos) << log;
  EXPECT_NE(log.find("  best\n"), std::string::npos) << log;
}

TEST_F(RunLogTest, DropsWhatLayBeyondAResumedCheckpoint) {
  log_.start("started", two_epochs());
  metric::History one = two_epochs();
  for (const auto& field : metric::history_fields()) (one.*field.values).resize(1);
  log_.start("resumed", one);
  EXPECT_TRUE(metric::read_history(files_.run_history) == one);
  EXPECT_EQ(std::ranges::count(test::read_bytes(files_.metrics), '\n'), 1);
  // The log keeps both lives of the run.
  EXPECT_EQ(std::ranges::count(test::read_bytes(files_.log), '\n'), 2);
}

TEST_F(RunLogTest, WritesTheSummaryAtTheEnd) {
  log_.start("started", {});
  log_.finish({{"epochs", 3}});
  EXPECT_EQ(nlohmann::json::parse(test::read_bytes(files_.summary)).at("epochs"), 3);
}

TEST_F(RunLogTest, RefusesAFolderItCannotWrite) {
  folder_.write("m", "a file where the folder should be");
  try {
    log_.start("started", {});
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::data);
  }
}

}  // namespace
}  // namespace svhn::train
