#include "config/run_config.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace svhn::config {
namespace {

const std::string kModel =
    R"("model": {"layers": [{"type": "flatten"}, {"type": "dense", "units": 10, "activation": "softmax"}]})";

/// @returns a small config with more keys.
std::string config_text(const std::string& more = "") {
  return "{\"schema\": 1, \"name\": \"m\", " + kModel + (more.empty() ? "" : ", " + more) + "}";
}

std::string train_text(const std::string& keys) {
  return config_text("\"train\": {" + keys + "}");
}
std::string data_text(const std::string& keys) {
  return config_text("\"data\": {" + keys + "}");
}

std::string run_config_refusal(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    parse_run_config(text, "c.json", overrides);
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::config);
    EXPECT_FALSE(error.hint().empty());
    return error.what();
  }
  return "";
}

TEST(ParseRunConfig, TakesDefaultsFromTheStructs) {
  const RunConfig config = parse_run_config(config_text(), "c.json");
  EXPECT_EQ(config.name, "m");
  EXPECT_EQ(config.data.file, "data/svhn.safetensors");
  EXPECT_TRUE(config.data.preprocess.empty());
  EXPECT_FALSE(config.data.augment.has_value());
  EXPECT_EQ(config.train.epochs, 50);
  EXPECT_EQ(config.train.optimizer.epsilon, 1e-7);
  EXPECT_FALSE(config.train.early_stopping.has_value());
  EXPECT_EQ(config.model.layers[1].name, "dense_1");
}

TEST(ParseRunConfig, ReadsEveryKeyOfDataAndTraining) {
  const RunConfig config = parse_run_config(
      config_text(
          R"("data": {"file": "f", "preprocess": ["greyscale", "standardize"], "augment": {"zoom": 0.5,
        "fill": "wrap", "horizontal_flip": true, "cutout": 8, "colour_ops": 2}},
      "train": {"epochs": 3, "batch_size": 7, "steps_per_epoch": 60, "label_smoothing": 0.1, "clip_norm": 1,
        "ema_decay": 0.9, "class_weights": [1, 1, 1, 1, 1, 1, 1, 1, 1, 2], "checkpoint_every_epochs": 0,
        "checkpoint_every_steps": 5, "keep_checkpoints": 2, "tensorboard": true, "seed": 9, "precision": "bfloat16",
        "framework_compat": "torch", "optimizer": {"type": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": true},
        "schedule": {"type": "one_cycle", "rise_fraction": 0.4},
        "early_stopping": {"monitor": "val_accuracy", "patience": 2, "restore_best": true}})"),
      "c.json");
  EXPECT_EQ(config.data.preprocess.back(), data::PreprocessStep::standardize);
  EXPECT_EQ(config.data.augment.value().zoom, 0.5);
  EXPECT_EQ(config.data.augment.value().fill, data::Fill::wrap);
  EXPECT_EQ(config.train.steps_per_epoch, 60);
  EXPECT_EQ(config.train.clip_norm, 1.0);
  EXPECT_EQ(config.train.ema_decay, 0.9);
  EXPECT_EQ(config.train.class_weights.back(), 2.0);
  EXPECT_EQ(config.train.seed, 9U);
  EXPECT_EQ(config.train.precision, core::Precision::bfloat16);
  EXPECT_EQ(config.train.framework_compat, train::FrameworkCompat::torch);
  EXPECT_EQ(config.train.optimizer.type, train::OptimizerType::sgd);
  EXPECT_TRUE(config.train.optimizer.nesterov);
  EXPECT_EQ(config.train.schedule.type, train::ScheduleType::one_cycle);
  EXPECT_EQ(config.train.early_stopping.value().monitor, "val_accuracy");
}

TEST(ParseRunConfig, ReadsARenamedKeyUnderItsFormerName) {
  const auto compat = [](const std::string& keys, const std::vector<std::string>& overrides) {
    return parse_run_config(train_text(keys), "c.json", overrides).train.framework_compat;
  };
  EXPECT_EQ(compat(R"("semantics": "torch")", {}), train::FrameworkCompat::torch);
  EXPECT_EQ(compat("", {"train.semantics=torch"}), train::FrameworkCompat::torch);
  EXPECT_EQ(compat(R"("semantics": "torch")", {"train.semantics=keras"}), train::FrameworkCompat::keras);
  EXPECT_EQ(parse_run_config(config_text(), "c.json", {"train.semantics=torch"}).train.framework_compat,
            train::FrameworkCompat::torch);
}

TEST(ParseRunConfig, RefusesAKeyUnderTwoNames) {
  EXPECT_EQ(run_config_refusal(train_text(R"("semantics": "torch", "framework_compat": "torch")")),
            "c.json: /train/semantics: is the former name of 'framework_compat', which is given too");
  EXPECT_EQ(run_config_refusal(train_text(R"("framework_compat": "torch")"), {"train.semantics=keras"}),
            "c.json: /train/semantics (--set train.semantics=keras): is the former name of "
            "'framework_compat', which is given too");
}

TEST(ParseRunConfig, NamesTheFormerKeyThatWasGiven) {
  EXPECT_EQ(
      run_config_refusal(train_text(R"("semantics": "tf")")),
      "c.json: /train/framework_compat (given as /train/semantics): unknown value 'tf'; expected one of "
      "keras, torch");
}

TEST(CurrentPointer, RenamesTheKeyAndWhatIsInIt) {
  EXPECT_EQ(current_pointer("/train/semantics"), "/train/framework_compat");
  EXPECT_EQ(current_pointer("/train/semantics/0"), "/train/framework_compat/0");
  EXPECT_EQ(current_pointer("/train/semantics_2"), "/train/semantics_2");
  EXPECT_EQ(current_pointer("/train/epochs"), "/train/epochs");
}

TEST(ParseRunConfig, InsistsOnTheSchemaVersion) {
  EXPECT_EQ(run_config_refusal("{\"name\": \"m\", " + kModel + "}"),
            "c.json: /schema: missing, but required");
  EXPECT_EQ(run_config_refusal("{\"schema\": 2, \"name\": \"m\", " + kModel + "}"),
            "c.json: /schema: 2 is out of range, expected the integer 1");
  EXPECT_EQ(run_config_refusal("{\"schema\": \"1\", \"name\": \"m\", " + kModel + "}"),
            "c.json: /schema: expected the integer 1, found the text '1'");
}

TEST(ParseRunConfig, TellsEveryFaultAtOnce) {
  EXPECT_EQ(run_config_refusal(
                R"({"schema": 1, "name": "m", "model": {"layers": [{"type": "flaten"}]}, "data": {"fil": "x"},
                      "train": {"epoch": 1, "batch_size": 0, "seed": -1}})"),
            "c.json: 5 problems: /data/fil: unknown key; did you mean 'file'?; "
            "/model/layers/0/type: unknown value 'flaten'; did you mean 'flatten'?; "
            "/train/batch_size: 0 is out of range, expected an integer from 1 to 1000000; "
            "/train/seed: -1 is out of range, expected an integer from 0 to 18446744073709551615; "
            "/train/epoch: unknown key; did you mean 'epochs'?");
}

TEST(ParseRunConfig, RefusesNamesThatCouldLeaveTheFolder) {
  for (const char* name : {"", ".hidden", "a/b", "..", "a b", "é"}) {
    EXPECT_NE(run_config_refusal("{\"schema\": 1, \"name\": \"" + std::string(name) + "\", " + kModel + "}"),
              "")
        << name;
  }
  EXPECT_EQ(run_config_refusal("{\"schema\": 1, \"name\": \"a.b-C_9\", " + kModel + "}"), "");
}

TEST(ParseRunConfig, RefusesStepsThatDoNotGoTogether) {
  const auto steps = [](const std::string& list) {
    return run_config_refusal(data_text("\"preprocess\": [" + list + "]"));
  };
  EXPECT_EQ(steps(R"("greyscale", "minmax")"), "");
  EXPECT_EQ(steps(R"("standardize")"), "");
  EXPECT_EQ(steps(R"("minmax", "greyscale")"),
            "c.json: /data/preprocess/1: greyscale must be the first step and stand only once");
  EXPECT_EQ(steps(R"("greyscale", "greyscale")"),
            "c.json: /data/preprocess/1: greyscale must be the first step and stand only once");
  EXPECT_EQ(steps(R"("greyscale", "minmax", "standardize")"),
            "c.json: /data/preprocess/2: a second scaling step; keep one of minmax_per_split, minmax and "
            "standardize");
  EXPECT_EQ(steps(R"("minmax", "minmax")"),
            "c.json: /data/preprocess/1: a second scaling step; keep one of minmax_per_split, minmax and "
            "standardize");
  EXPECT_EQ(steps(R"("grayscale")"),
            "c.json: /data/preprocess/0: unknown value 'grayscale'; did you mean 'greyscale'?");
}

TEST(ParseRunConfig, RefusesTrainingOptionsThatDoNotGoTogether) {
  EXPECT_EQ(run_config_refusal(train_text(R"("class_weights": [1, 2])")),
            "c.json: /train/class_weights: has 2 elements, expected none or 10");
  EXPECT_EQ(run_config_refusal(train_text(R"("class_weights": [0,0,0,0,0,0,0,0,0,0])")),
            "c.json: /train/class_weights: no class has a weight above 0");
  EXPECT_EQ(run_config_refusal(train_text(R"("optimizer": {"type": "sgd", "nesterov": true})")),
            "c.json: /train/optimizer/nesterov: needs the type sgd and a momentum above 0");
  EXPECT_EQ(run_config_refusal(train_text(R"("optimizer": {"weight_decay": 0.1})")),
            "c.json: /train/optimizer/weight_decay: needs the type sgd or adamw");
  EXPECT_EQ(run_config_refusal(train_text(R"("schedule": {"minimum": 0.01})")),
            "c.json: /train/schedule/minimum: is above the optimizer's learning_rate");
  EXPECT_EQ(
      run_config_refusal(train_text(R"("epochs": 3, "schedule": {"type": "cosine", "warmup_epochs": 4})")),
      "c.json: /train/schedule/warmup_epochs: is longer than the 3 epochs of the run");
  EXPECT_EQ(
      run_config_refusal(train_text(R"("schedule": {"type": "triangular", "warmup_epochs": 1})")),
      "c.json: /train/schedule/warmup_epochs: the rate of one_cycle and triangular rises by itself, see "
      "rise_fraction");
}

// Just outside of each range; the values just inside are in the configs and above.
TEST(ParseRunConfig, BoundsEveryNumber) {
  for (const char* keys : {R"("epochs": 0)",
                           R"("epochs": 1000001)",
                           R"("batch_size": 1000001)",
                           R"("steps_per_epoch": 0)",
                           R"("label_smoothing": 1)",
                           R"("label_smoothing": -0.1)",
                           R"("clip_norm": 0)",
                           R"("ema_decay": 0)",
                           R"("ema_decay": 1)",
                           R"("checkpoint_every_epochs": -1)",
                           R"("checkpoint_every_steps": -1)",
                           R"("keep_checkpoints": -1)",
                           R"("optimizer": {"learning_rate": 0})",
                           R"("optimizer": {"learning_rate": 101})",
                           R"("optimizer": {"epsilon": 0})",
                           R"("optimizer": {"beta1": 1})",
                           R"("optimizer": {"beta2": -1})",
                           R"("optimizer": {"rho": 1})",
                           R"("optimizer": {"momentum": 1})",
                           R"("schedule": {"step_epochs": 0})",
                           R"("schedule": {"factor": 1})",
                           R"("schedule": {"warmup_epochs": -1})",
                           R"("schedule": {"rise_fraction": 0})",
                           R"("schedule": {"start_divisor": 0.5})",
                           R"("schedule": {"final_divisor": 0})",
                           R"("schedule": {"patience": 0})",
                           R"("early_stopping": {"patience": -1})",
                           R"("early_stopping": {"min_delta": -1})",
                           R"("early_stopping": {"monitor": "x"})",
                           R"("seed": 1.5)"}) {
    EXPECT_NE(run_config_refusal(train_text(keys)), "") << keys;
  }
  for (const char* keys : {R"("rotation_degrees": 181)",
                           R"("width_shift": 1.1)",
                           R"("height_shift": -0.1)",
                           R"("shear_degrees": 90)",
                           R"("zoom": 1)",
                           R"("brightness": 2)",
                           R"("channel_shift": 256)",
                           R"("fill": "none")",
                           R"("fill_value": 1001)",
                           R"("random_crop": 33)",
                           R"("cutout": -1)",
                           R"("mixup": -1)",
                           R"("colour_ops": 17)",
                           R"("colour_magnitude": 2)",
                           R"("contrast": 1.5)",
                           R"("randaugment": 17)",
                           R"("randaugment_magnitude": 31)",
                           R"("trivialaugment": true, "randaugment": 1)",
                           R"("random_erasing": 1.1)",
                           R"("random_erasing_area": 0.01)",
                           R"("cutmix": -1)"}) {
    EXPECT_NE(run_config_refusal(data_text("\"augment\": {" + std::string(keys) + "}")), "") << keys;
  }
}

TEST(ParseRunConfig, RefusesDuplicateKeysAndBrokenJson) {
  EXPECT_EQ(run_config_refusal(R"({"schema": 1, "train": {"epochs": 1, "epochs": 2}})"),
            "c.json: /train/epochs: duplicate key");
  EXPECT_EQ(run_config_refusal("{\n \"schema\": 1,\n}").substr(0, 26), "c.json: line 3, column 1: ");
  EXPECT_EQ(run_config_refusal("[]"), "c.json: expected an object, found a list");
}

TEST(LoadRunConfig, NamesAMissingFile) {
  try {
    load_run_config("/nonexistent/c.json");
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::config);
    EXPECT_STREQ(error.what(), "cannot read '/nonexistent/c.json': No such file or directory");
  }
}

TEST(ResolvedJson, StartsWithTheHeadAndReadsBackTheSame) {
  const RunConfig config =
      parse_run_config(data_text(R"("augment": {"zoom": 0.1})"), "c.json", {"train.seed=7"});
  const auto document = resolved_json(config);
  EXPECT_EQ(document.dump().substr(0, 48), R"({"schema":1,"name":"m","data":{"file":"data/svhn)");
  EXPECT_EQ(document["train"]["seed"], 7);
  EXPECT_EQ(document["train"]["optimizer"]["epsilon"], 1e-7);
  EXPECT_EQ(resolved_json(parse_run_config(document.dump(), "c.json")).dump(), document.dump());
}

TEST(WithDefaults, FillsInWhatAnOlderFileLacks) {
  const nlohmann::json now =
      resolved_json(parse_run_config(data_text(R"("augment": {"zoom": 0.1})"), "c.json", {}));
  nlohmann::json older = now;
  older["data"]["augment"].erase("cutmix");
  older["train"]["optimizer"].erase("decay_bias_and_norm");
  older["train"]["semantics"] = older["train"]["framework_compat"];
  older["train"].erase("framework_compat");
  EXPECT_EQ(with_defaults(older), now);
  older["tune"] = {{"trials", 3}};
  EXPECT_EQ(with_defaults(older)["tune"]["trials"], 3);
  const nlohmann::json broken{{"train", {{"epochs", "many"}}}};
  EXPECT_EQ(with_defaults(broken), broken);
}

TEST(ResolvedJson, HasRenamedKeysUnderTheirCurrentNames) {
  const auto train =
      resolved_json(parse_run_config(config_text(), "c.json", {"train.semantics=torch"}))["train"];
  EXPECT_EQ(train["framework_compat"], "torch");
  EXPECT_FALSE(train.contains("semantics"));
}

TEST(ConfigSchema, SaysWhatTheSectionsOfOthersAreFor) {
  const auto sections = config_schema()["properties"];
  EXPECT_EQ(sections["tune"]["description"], "A search over values of this config, for svhn tune.");
  EXPECT_EQ(sections["compare"]["description"], "Backbones to compare, for svhn transfer --compare.");
}

TEST(ConfigSchema, ListsFormerNamesAsDeprecated) {
  const auto keys = config_schema()["properties"]["train"]["properties"];
  EXPECT_EQ(keys["framework_compat"]["default"], "keras");
  EXPECT_FALSE(keys["framework_compat"].contains("deprecated"));
  EXPECT_EQ(keys["semantics"].dump(), R"({"description":"Former name of framework_compat.","type":"string",)"
                                      R"("enum":["keras","torch"],"deprecated":true})");
}

TEST(PlanRun, TakesTheInputFromThePreprocessing) {
  RunConfig config = parse_run_config(config_text(), "c.json");
  EXPECT_EQ(input_shape(config), (model::Shape{3, 32, 32}));
  EXPECT_EQ(plan_run(config, "c.json").counts.total, 30730);  // 3072 * 10 + 10
  config.data.preprocess = {data::PreprocessStep::greyscale};
  EXPECT_EQ(input_shape(config), (model::Shape{1, 32, 32}));
  EXPECT_EQ(plan_run(config, "c.json").counts.total, 10250);  // 1024 * 10 + 10
}

TEST(PlanRun, NamesConfigLayerAndShapes) {
  const RunConfig config = parse_run_config(config_text(), "c.json", {"model.layers.0.type=dropout"});
  try {
    plan_run(config, "c.json");
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::config);
    EXPECT_STREQ(error.what(), "c.json: layer 'dense_1' (dense): needs a vector, but its input is [3,32,32]");
    EXPECT_EQ(error.hint(), "put a flatten layer before it");
  }
}

}  // namespace
}  // namespace svhn::config
