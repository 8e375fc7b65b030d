#include "metric/history.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "core/error.h"
#include "core/file.h"

namespace svhn::metric {
namespace {

namespace fs = std::filesystem;

/// A temporary file of a test.
struct TemporaryFile {
  fs::path path = fs::temp_directory_path() / ("svhn_history_" + std::to_string(::getpid()) + ".json");
  explicit TemporaryFile(const std::string& text = "") {
    if (!text.empty()) core::write_text_file(path, text, core::ExitCode::data);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { fs::remove(path); }
};

History history_example() {
  return {{1.5, 0.1}, {0.25, 0.5}, {2, 1}, {0.125, 0.75}, {1e-3, 1e-4}, {60, 61}, {420, 410}};
}

std::string read_error(const std::string& text) {
  const TemporaryFile file(text);
  try {
    read_history(file.path);
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::data);
    std::string message = error.what();
    const std::string name = "'" + file.path.string() + "'";
    if (message.rfind(name, 0) == 0) message.erase(0, name.size());
    return message;
  }
  return "no error";
}

const char* const kKeras =
    R"({"loss":[1],"accuracy":[0.5],"val_loss":[2],"val_accuracy":[0.25],"learning_rate":[],"seconds":[],)"
    R"("images_per_second":[]})";

std::string replaced(const std::string& from, const std::string& to) {
  std::string text = kKeras;
  return text.replace(text.find(from), from.size(), to);
}

TEST(HistoryJson, HasTheKeysOfTheFileInTheirOrder) {
  EXPECT_EQ(history_json(history_example()).dump(),
            R"({"loss":[1.5,0.1],"accuracy":[0.25,0.5],"val_loss":[2.0,1.0],"val_accuracy":[0.125,0.75],)"
            R"("learning_rate":[0.001,0.0001],"seconds":[60.0,61.0],"images_per_second":[420.0,410.0]})");
}

TEST(HistoryJson, RefusesNumbersThatJsonDoesNotHave) {
  History history = history_example();
  history.val_loss[1] = std::numeric_limits<double>::infinity();
  try {
    history_json(history);
    FAIL() << "no error";
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::numeric);
    EXPECT_STREQ(error.what(), "'val_loss' of epoch 2 is not a finite number");
  }
}

TEST(ReadHistory, GivesBackWhatWasWritten) {
  const TemporaryFile file;
  write_history(file.path, history_example());
  EXPECT_EQ(read_history(file.path), history_example());
}

TEST(ReadHistory, TakesCurvesWithoutTimes) {
  const TemporaryFile file(kKeras);
  EXPECT_EQ(read_history(file.path), (History{{1}, {0.5}, {2}, {0.25}, {}, {}, {}}));
}

TEST(ReadHistory, NamesTheKeyAtFault) {
  EXPECT_EQ(read_error(replaced("[2]", "[2,3]")), ": /val_loss has 2 epochs, /loss has 1");
  EXPECT_EQ(read_error(replaced("[2]", "[]")), ": /val_loss has 0 epochs, /loss has 1");
  EXPECT_EQ(read_error(replaced("\"seconds\":[]", "\"seconds\":[1,2]")),
            ": /seconds has 2 epochs, /loss has 1");
  EXPECT_EQ(read_error(replaced("[0.5]", "[true]")), ": /accuracy/0 is not a number");
  EXPECT_EQ(read_error(replaced("[0.5]", "0.5")), ": /accuracy is not a list of numbers");
  EXPECT_EQ(read_error(replaced("\"seconds\"", "\"second\"")), ": /second is not a curve of a history");
  EXPECT_EQ(read_error(replaced(",\"seconds\":[]", "")), ": /seconds is missing");
  EXPECT_EQ(read_error("[1]"), ": the document is not an object");
}

TEST(ReadHistory, RefusesWhatIsNotStrictJson) {
  EXPECT_NE(read_error(replaced("\"val_loss\"", "\"loss\"")), "no error");  // twice the same key
  EXPECT_NE(read_error(replaced("[2]", "[NaN]")), "no error");
  EXPECT_NE(read_error(std::string(kKeras).substr(0, 40)), "no error");
  EXPECT_THROW(read_history("/nonexistent/history.json"), core::Error);
}

}  // namespace
}  // namespace svhn::metric
