#include "config/overrides.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "config/run_config.h"

namespace svhn::config {
namespace {

nlohmann::json applied(const std::string& document, const std::string& assignment) {
  auto json = nlohmann::json::parse(document);
  core::Problems problems("d.json");
  apply_override(json, assignment, "d.json", problems);
  return json;
}

std::string refusal(const std::string& document, const std::string& assignment, core::ExitCode code) {
  try {
    applied(document, assignment);
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), code);
    return error.what();
  }
  return "";
}

TEST(ApplyOverride, ReplacesAndCreatesValues) {
  EXPECT_EQ(applied(R"({"a":{"b":1}})", "a.b=2").dump(), R"({"a":{"b":2}})");
  EXPECT_EQ(applied(R"({"a":{"b":1}})", "a.c.d=true").dump(), R"({"a":{"b":1,"c":{"d":true}}})");
  EXPECT_EQ(applied(R"({"a":null})", "a.b=[1]").dump(), R"({"a":{"b":[1]}})");
  EXPECT_EQ(applied(R"({"a":[{"u":1},{"u":2}]})", "a.1.u=3").dump(), R"({"a":[{"u":1},{"u":3}]})");
}

TEST(ApplyOverride, TakesWhatIsNotJsonAsText) {
  EXPECT_EQ(applied("{}", "a=adam")["a"], "adam");
  EXPECT_EQ(applied("{}", "a=\"5\"")["a"], "5");
  EXPECT_EQ(applied("{}", "a=x=y")["a"], "x=y");
  EXPECT_EQ(applied("{}", "a=")["a"], "");
  EXPECT_EQ(applied("{}", "a=1e999")["a"], "1e999");
  EXPECT_EQ(applied("{}", "a=null")["a"], nullptr);
}

TEST(ApplyOverride, RefusesPathsThatLeadNowhere) {
  using core::ExitCode;
  EXPECT_EQ(refusal(R"({"a":{"b":1}})", "a.b.c=1", ExitCode::config),
            "d.json: --set a.b.c=1: /a/b is neither an object nor a list");
  for (const char* index : {"2", "-1", "x", "1x", "99999999999999999999"}) {
    EXPECT_EQ(
        refusal(R"({"a":[0,1]})", "a." + std::string(index) + "=1", ExitCode::config),
        "d.json: --set a." + std::string(index) + "=1: /a is a list of 2 elements, without '" + index + "'");
  }
}

TEST(ApplyOverride, RefusesWhatIsNoAssignment) {
  using core::ExitCode;
  EXPECT_EQ(refusal("{}", "abc", ExitCode::usage), "--set abc is not of the form path=value");
  EXPECT_EQ(refusal("{}", "=1", ExitCode::usage), "--set =1 is not of the form path=value");
  EXPECT_NE(refusal("{}", "a..b=1", ExitCode::usage), "");
  EXPECT_NE(refusal("{}", "a.=1", ExitCode::usage), "");
  EXPECT_NE(refusal("{}", "a=\xFF", ExitCode::usage), "");
  std::string deep = "a";
  for (int i = 0; i < 1000; ++i) deep += ".a";
  EXPECT_NE(refusal("{}", deep + "=1", ExitCode::usage), "");
}

const std::string kConfig = R"({"schema": 1, "name": "m", "train": {"epochs": 3, "early_stopping": null},
    "model": {"layers": [{"type": "flatten"}, {"type": "dense", "units": 10}]}})";

std::string config_refusal(const std::string& assignment) {
  try {
    parse_run_config(kConfig, "c.json", {assignment});
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::config);
    return error.what();
  }
  return "";
}

TEST(Overrides, BeatTheFileAndTheLastOneWins) {
  const RunConfig config = parse_run_config(
      kConfig, "c.json",
      {"train.epochs=4", "train.epochs=5", "train.optimizer.type=sgd", "model.layers.1.units=12",
       "name=other", "train.early_stopping.patience=2", "data.preprocess=[\"greyscale\"]"});
  EXPECT_EQ(config.train.epochs, 5);
  EXPECT_EQ(config.train.optimizer.type, train::OptimizerType::sgd);
  EXPECT_EQ(std::get<model::DenseOp>(config.model.layers[1].op).units, 12);
  EXPECT_EQ(config.name, "other");
  EXPECT_EQ(config.train.early_stopping.value().patience, 2);
  EXPECT_EQ(config.data.preprocess.size(), 1U);
}

TEST(Overrides, AreNamedByComplaintsAboutThem) {
  EXPECT_EQ(config_refusal("train.epoch=4"),
            "c.json: /train/epoch (--set train.epoch=4): unknown key; did you mean 'epochs'?");
  EXPECT_EQ(config_refusal("trian.epochs=4"),
            "c.json: /trian (--set trian.epochs=4): unknown key; did you mean 'train'?");
  EXPECT_EQ(config_refusal("train.epochs=many"),
            "c.json: /train/epochs (--set train.epochs=many): expected an integer from 1 to 1000000, "
            "found the text 'many'");
  EXPECT_EQ(config_refusal("train={\"seed\": -1}"),
            "c.json: /train/seed (--set train={\"seed\": -1}): -1 is out of range, "
            "expected an integer from 0 to 18446744073709551615");
}

}  // namespace
}  // namespace svhn::config
