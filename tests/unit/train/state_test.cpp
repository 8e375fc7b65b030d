#include "train/state.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/error.h"

namespace svhn::train {
namespace {

TrainingState some_state() {
  TrainingState state;
  state.epoch = 2;
  state.step_in_epoch = 17;
  state.step = 2017;
  state.sums = {0.1 + 0.2, 321, 1088, 12.5};
  state.history = {{1.5, 1.0 / 3.0}, {0.25, 0.5}, {1.25, 1e-300}, {0.5, 0.625},
                   {1e-3, 1e-4},     {60, 61},    {420, 421}};
  state.best_val_accuracy = 0.625;
  state.best_epoch = 2;
  state.plateau = {0.1, 0.7, 3, true};
  state.early_stopping = {0.7, 1, 1};
  state.stopped_early = true;
  return state;
}

std::string refusal(const nlohmann::json& document) {
  try {
    state_from_json(document.dump(), "last.safetensors");
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::model);
    EXPECT_FALSE(error.hint().empty());
    const std::string message = error.what();
    EXPECT_NE(message.find("last.safetensors"), std::string::npos) << message;
    return message;
  }
  return "";
}

TEST(TrainingState, ComesBackExactly) {
  const std::string text = state_json(some_state()).dump();
  const TrainingState state = state_from_json(text, "s");
  EXPECT_EQ(state.epoch, 2);
  EXPECT_EQ(state.step_in_epoch, 17);
  EXPECT_EQ(state.step, 2017);
  EXPECT_EQ(state.sums.loss, 0.1 + 0.2);
  EXPECT_EQ(state.sums.correct, 321);
  EXPECT_EQ(state.sums.images, 1088);
  EXPECT_EQ(state.sums.seconds, 12.5);
  EXPECT_TRUE(state.history == some_state().history);
  EXPECT_EQ(state.best_val_accuracy, 0.625);
  EXPECT_EQ(state.best_epoch, 2);
  EXPECT_EQ(state.plateau.factor, 0.1);
  EXPECT_EQ(state.plateau.best, 0.7);
  EXPECT_EQ(state.plateau.wait, 3);
  EXPECT_TRUE(state.plateau.started);
  EXPECT_EQ(state.early_stopping.best, 0.7);
  EXPECT_EQ(state.early_stopping.best_epoch, 1);
  EXPECT_EQ(state.early_stopping.wait, 1);
  EXPECT_TRUE(state.stopped_early);
  EXPECT_EQ(state_json(state).dump(), text);
}

TEST(TrainingState, StartsFromDefaults) {
  const TrainingState state = state_from_json(state_json({}).dump(), "s");
  EXPECT_EQ(state.epoch, 0);
  EXPECT_EQ(state.best_val_accuracy, -1.0);
  EXPECT_EQ(state.history.epochs(), 0U);
}

TEST(TrainingState, NamesEveryMissingKey) {
  const nlohmann::json whole = nlohmann::json::parse(state_json(some_state()).dump());
  const nlohmann::json flat = whole.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    const nlohmann::json::json_pointer place(pointer);
    if (place.back() == "0" || place.back() == "1") continue;  // Elements of the curves.
    nlohmann::json damaged = whole;
    damaged[place.parent_pointer()].erase(place.back());
    EXPECT_NE(refusal(damaged).find(place.back()), std::string::npos) << pointer;
  }
}

TEST(TrainingState, NamesUnknownKeysAndWrongKinds) {
  const nlohmann::json whole = nlohmann::json::parse(state_json(some_state()).dump());
  nlohmann::json damaged = whole;
  damaged["momentum"] = 1;
  EXPECT_NE(refusal(damaged).find("momentum"), std::string::npos);
  for (const auto& [key, value] : std::map<std::string, nlohmann::json>{{"/epoch", "2"},
                                                                        {"/epoch", -1},
                                                                        {"/step", 2.5},
                                                                        {"/sums/loss", nullptr},
                                                                        {"/sums/images", -5},
                                                                        {"/plateau/factor", 1.5},
                                                                        {"/best_val_accuracy", 2},
                                                                        {"/stopped_early", 1},
                                                                        {"/history/loss", {1.0, "x"}}}) {
    damaged = whole;
    damaged[nlohmann::json::json_pointer(key)] = value;
    EXPECT_NE(refusal(damaged), "") << key;
  }
}

TEST(TrainingState, NeedsACurvePointForEachEpoch) {
  nlohmann::json damaged = nlohmann::json::parse(state_json(some_state()).dump());
  damaged["history"]["val_loss"] = {1.0};
  EXPECT_NE(refusal(damaged).find("val_loss"), std::string::npos);
}

TEST(TrainingState, RefusesTextThatIsNoJson) {
  for (const char* text : {"", "{", "[]", "null", "{\"epoch\":1,\"epoch\":1}"}) {
    EXPECT_THROW(state_from_json(text, "s"), core::Error) << text;
  }
}

}  // namespace
}  // namespace svhn::train
