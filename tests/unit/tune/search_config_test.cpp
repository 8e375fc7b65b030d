#include "tune/search_config.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/fields_json.h"
#include "core/json.h"
#include "tune/trials.h"

namespace svhn::tune {
namespace {

using nlohmann::json;

TuneOptions read(const std::string& section, std::string& fault) {
  core::Problems problems("c.json");
  const auto options =
      read_tune_section(core::parse_json_strict(section, "c.json", core::ExitCode::config), problems);
  try {
    problems.throw_if_any(core::ExitCode::config, "hint");
  } catch (const core::Error& error) {
    fault = error.what();
  }
  return options;
}

std::string refusal(const std::string& section) {
  std::string fault;
  read(section, fault);
  return fault;
}

TuneOptions sound(const std::string& section) {
  std::string fault;
  const auto options = read(section, fault);
  EXPECT_EQ(fault, "");
  return options;
}

constexpr const char* kFull = R"({"objective": "val_loss", "search": "random", "trials": 7, "folds": 3,
  "fold_order": "shuffled", "repeats": 2, "score": "last", "seed": 9,
  "stopping": {"type": "halving", "min_epochs": 2, "reduction": 4, "brackets": 2},
  "space": {"units": {"paths": ["/model/layers/1/units", "/model/layers/2/units"], "int": [32, 256, 32]},
            "/train/optimizer/learning_rate": {"log_uniform": [1e-4, 0.1]},
            "/train/label_smoothing": {"uniform": [0, 0.5]},
            "/train/batch_size": {"int": [1, 3]},
            "/train/optimizer/type": {"choice": ["sgd", "adam"]}}})";

TEST(ReadTuneSection, ReadsEveryKey) {
  const auto o = sound(kFull);
  EXPECT_EQ(o.objective, "val_loss");
  EXPECT_EQ(o.trials, 7);
  EXPECT_EQ(o.folds, 3);
  EXPECT_EQ(o.fold_order, FoldOrder::shuffled);
  EXPECT_EQ(o.repeats, 2);
  EXPECT_EQ(o.score, Score::last);
  EXPECT_EQ(o.seed, 9U);
  EXPECT_EQ(o.stopping.value().type, StoppingType::halving);
  EXPECT_EQ(o.stopping.value().brackets, 2);
  ASSERT_EQ(o.space.size(), 5U);
  // By name: '/' comes before letters.
  EXPECT_EQ(o.space[0].name, "/train/batch_size");
  EXPECT_EQ(o.space[0].step, 1);
  EXPECT_EQ(o.space[2].kind, ParameterKind::log_uniform);
  EXPECT_EQ(o.space[2].low, 1e-4);
  EXPECT_EQ(o.space[3].choices, (std::vector<std::string>{"\"sgd\"", "\"adam\""}));
  EXPECT_EQ(o.space[3].paths, (std::vector<std::string>{"/train/optimizer/type"}));
  EXPECT_EQ(o.space[4].name, "units");
  EXPECT_EQ(o.space[4].paths.size(), 2U);
  EXPECT_EQ(o.space[4].last, 256);
}

TEST(ReadTuneSection, ReadsAListOfChanges) {
  const auto o = sound(R"({"search": "list", "list": [{"label": "as it is", "values": {}},
      {"label": "bare", "values": {"/model/layers": [{"type": "flatten"}], "/train/epochs": 3}}]})");
  ASSERT_EQ(o.list.size(), 2U);
  EXPECT_TRUE(o.list[0].values.empty());
  EXPECT_EQ(o.list[1].values[0].first, "/model/layers");
  EXPECT_EQ(o.list[1].values[0].second, R"([{"type":"flatten"}])");
}

TEST(ReadTuneSection, GivesRenamedKeysTheirCurrentPaths) {
  using Paths = std::vector<std::string>;
  const auto o = sound(R"({"space": {"/train/semantics": {"choice": ["keras", "torch"]},
      "decay": {"paths": ["/train/ema_decay"], "uniform": [0.9, 0.99]}}})");
  EXPECT_EQ(o.space[0].name, "/train/semantics") << "the draws depend on it";
  EXPECT_EQ(o.space[0].paths, Paths{"/train/framework_compat"});
  EXPECT_EQ(o.space[1].paths, Paths{"/train/ema_decay"});
  const auto named = sound(R"({"space": {"f": {"paths": ["/train/semantics"], "choice": ["torch"]}}})");
  EXPECT_EQ(named.space[0].paths, Paths{"/train/framework_compat"});
  const auto list =
      sound(R"({"search": "list", "list": [{"label": "x", "values": {"/train/semantics": "torch"}}]})");
  EXPECT_EQ(list.list[0].values[0].first, "/train/framework_compat");
}

TEST(ReadTuneSection, RefusesAPathUnderTwoNames) {
  EXPECT_EQ(refusal(R"({"search": "list", "list": [{"label": "x",
                "values": {"/train/semantics": "torch", "/train/framework_compat": "keras"}}]})"),
            "c.json: /tune/list/0/values: '/train/framework_compat' stands there under two names");
  EXPECT_EQ(refusal(R"({"space": {"/train/semantics": {"choice": ["keras"]},
                "/train/framework_compat": {"choice": ["torch"]}}})"),
            "c.json: /tune/space/~1train~1semantics: '/train/framework_compat' is driven by "
            "'/train/framework_compat' already");
}

TEST(ReadTuneSection, ReadsWhatIsWrittenTheSame) {
  for (const std::string& text :
       {std::string(kFull),
        std::string(R"({"search": "list", "list": [{"label": "x", "values": {"/train/epochs": 3}}]})")}) {
    const auto written = tune_section_json(sound(text));
    EXPECT_EQ(tune_section_json(sound(written.dump())), written);
  }
}

TEST(ReadTuneSection, RefusesWhatMakesNoSense) {
  const std::string space = R"("space": {"/train/batch_size": )";
  EXPECT_EQ(refusal("{}"), "c.json: /tune/space: there is nothing to search over");
  EXPECT_EQ(refusal("[]"), "c.json: /tune: expected an object, found a list");
  EXPECT_EQ(
      refusal("{" + space + "{}}}"),
      "c.json: /tune/space/~1train~1batch_size: needs exactly one of choice, int, uniform and log_uniform");
  EXPECT_EQ(
      refusal("{" + space + R"({"int": [1, 2], "choice": [3]}}})"),
      "c.json: /tune/space/~1train~1batch_size: needs exactly one of choice, int, uniform and log_uniform");
  EXPECT_EQ(refusal("{" + space + R"({"int": [3, 2]}}})"),
            "c.json: /tune/space/~1train~1batch_size/int: the first value is above the last");
  EXPECT_EQ(refusal("{" + space + R"({"int": [1, 2, 0]}}})"),
            "c.json: /tune/space/~1train~1batch_size/int: the step is not above 0");
  EXPECT_NE(refusal("{" + space + R"({"int": [1]}}})"), "");
  EXPECT_NE(refusal("{" + space + R"({"int": [1, 9223372036854775807]}}})"), "");
  EXPECT_NE(refusal("{" + space + R"({"choice": []}}})"), "");
  EXPECT_NE(refusal("{" + space + R"({"choice": 5}}})"), "");
  EXPECT_EQ(refusal("{" + space + R"({"choice": [5, 6, 5]}}})"),
            "c.json: /tune/space/~1train~1batch_size/choice: has the same value twice");
  EXPECT_NE(refusal("{" + space + R"({"uniform": [1, 1]}}})"), "");
  EXPECT_NE(refusal("{" + space + R"({"log_uniform": [0, 1]}}})"), "");
  EXPECT_NE(refusal("{" + space + R"({"chioce": [1]}}})").find("did you mean 'choice'?"), std::string::npos);
  EXPECT_NE(refusal(R"({"space": 3})"), "");
  EXPECT_NE(refusal(R"({"search": "list"})"), "");
  EXPECT_NE(refusal(R"({"search": "list", "list": [{"label": "x", "values": 3}]})"), "");
  EXPECT_NE(refusal(R"({"list": [{"label": "x", "values": {}}], )" + space + R"({"choice": [1]}}})"), "");
  EXPECT_NE(refusal("{\"trials\": 0, " + space + R"({"choice": [1]}}})"), "");
  EXPECT_NE(refusal("{\"folds\": 1, " + space + R"({"choice": [1]}}})"), "");
}

TEST(ReadTuneSection, RefusesPathsOutsideOfTheRun) {
  for (const char* path :
       {"/name", "/schema", "/data/file", "/data", "", "units", "/tune/seed", "/trainer/x"}) {
    EXPECT_NE(refusal("{\"space\": {\"p\": {\"paths\": [\"" + std::string(path) + "\"], \"choice\": [1]}}}"),
              "")
        << path;
    EXPECT_NE(refusal("{\"search\": \"list\", \"list\": [{\"label\": \"x\", \"values\": {\"" +
                      std::string(path) + "\": 1}}]}"),
              "")
        << path;
  }
  EXPECT_NE(refusal(R"({"space": {"/train/~2": {"choice": [1]}}})"), "");
  EXPECT_EQ(
      refusal(
          R"({"space": {"/train/epochs": {"choice": [1]}, "e": {"paths": ["/train/epochs"], "choice": [2]}}})"),
      "c.json: /tune/space/e: '/train/epochs' is driven by '/train/epochs' already");
}

TEST(ReadTuneSection, SurvivesDamage) {
  const std::string text = kFull;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 4);
    try {
      refusal(damaged);
    } catch (const core::Error& error) {
      EXPECT_EQ(error.code(), core::ExitCode::config);
    }
  }
}

TEST(TuneSectionSchema, NamesEveryKeyOfAParameter) {
  const auto schema = tune_section_schema();
  const auto& parameter = schema["properties"]["space"]["additionalProperties"]["properties"];
  for (const char* key : {"paths", "choice", "int", "uniform", "log_uniform"})
    EXPECT_TRUE(parameter.contains(key));
  EXPECT_EQ(schema.dump().find("null,\"items\""), std::string::npos);
}

TEST(Configs, OfTheAssignmentsSearchesAreSound) {
  const std::filesystem::path folder = std::filesystem::path(SVHN_SOURCE_DIR) / "configs";
  EXPECT_EQ(check_search(load_search(folder / "tune_units.json", {})), 5U);
  EXPECT_EQ(check_search(load_search(folder / "tune_wrapper.json", {})), 3U);
  EXPECT_EQ(check_search(load_search(folder / "tune_ablation.json", {})), 16U);
}

}  // namespace
}  // namespace svhn::tune
