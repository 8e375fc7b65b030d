#include "train/checkpoint.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "network/tensor_io.h"
#include "unit/hostile_bytes.h"
#include "unit/network/small_network.h"

namespace svhn::train {
namespace {

const std::vector<model::Operation> kLayers{model::FlattenOp{}, model::DenseOp{.units = 10}};

network::Network network_with(std::uint64_t seed) {
  return {network::any_graph(kLayers, {1, 2, 2}), seed};
}

CheckpointRecord record() {
  TrainingState state;
  state.step = 5;
  state.step_in_epoch = 5;
  state.sums = {1.0 / 3.0, 2, 3, 0.5};
  return {{"tiny", {1, 2, 2}, network::spec_of(kLayers), "{}", false},
          state,
          R"({"a":1})",
          "bfloat16",
          "12345",
          3};
}

TEST(Checkpoint, HoldsModelAndRun) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "last.safetensors";
  auto saved = network_with(1);
  auto tensors = saved.tensors();
  tensors.push_back({"optimizer.m.dense_1.bias", torch::arange(10.0, torch::kFloat32)});
  write_checkpoint(path, record(), tensors);
  const model::ModelFile file(path);
  EXPECT_TRUE(file.is_checkpoint());
  const CheckpointRecord read = read_checkpoint_record(file);
  EXPECT_EQ(read.model.name, "tiny");
  EXPECT_EQ(read.config, R"({"a":1})");
  EXPECT_EQ(read.precision, "bfloat16");
  EXPECT_EQ(read.data, "12345");
  EXPECT_EQ(read.threads, 3);
  EXPECT_EQ(read.state.step, 5);
  EXPECT_EQ(read.state.sums.loss, 1.0 / 3.0);
  tensors.back().tensor = torch::zeros({10});
  network::read_tensors(file.file(), tensors);
  EXPECT_EQ(tensors.back().tensor[9].item().toFloat(), 9.0F);
  // A checkpoint is also a model.
  const auto loaded = network::load_network(file);
  EXPECT_TRUE(
      network::tensor_of(loaded, "dense_1.weight").equal(network::tensor_of(saved, "dense_1.weight")));
}

TEST(Checkpoint, IsMoreThanAModel) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "m.safetensors";
  network::write_tensors(path, network_with(1).tensors(), model::record_metadata(record().model, "model"));
  try {
    read_checkpoint_record(model::ModelFile(path));
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::model);
    EXPECT_EQ(error.what(), "'" + path.string() + "' is a model, not a checkpoint (no 'state')");
  }
}

const char* const kConfig = R"({"name":"a","data":{"file":"x","preprocess":["greyscale"],"augment":null},
  "train":{"epochs":5,"batch_size":64,"optimizer":{"type":"adam","learning_rate":0.001},
  "schedule":{"type":"constant"},"early_stopping":null,"checkpoint_every_epochs":1,"checkpoint_every_steps":0,
  "keep_checkpoints":0,"tensorboard":false,"seed":1}})";

/// @returns the refusal of going on with `kConfig` after setting `pointer`, or nothing.
std::string refusal(const std::string& pointer, const nlohmann::json& value) {
  auto now = nlohmann::json::parse(kConfig);
  now[nlohmann::json::json_pointer(pointer)] = value;
  try {
    check_same_run(kConfig, now.dump(), "last.safetensors");
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::model);
    EXPECT_FALSE(error.hint().empty());
    return error.what();
  }
  return "";
}

TEST(CheckSameRun, LetsTheseDiffer) {
  EXPECT_EQ(refusal("/data/file", "y"), "");
  EXPECT_EQ(refusal("/train/epochs", 50), "");
  EXPECT_EQ(refusal("/train/optimizer/learning_rate", 0.1), "");
  EXPECT_EQ(refusal("/train/schedule", {{"type", "cosine"}, {"minimum", 0}}), "");
  EXPECT_EQ(refusal("/train/early_stopping", {{"patience", 3}}), "");
  EXPECT_EQ(refusal("/train/checkpoint_every_steps", 7), "");
  EXPECT_EQ(refusal("/train/keep_checkpoints", 7), "");
  EXPECT_EQ(refusal("/train/tensorboard", true), "");
  EXPECT_EQ(refusal("/train/batch_size", 64.0), "");  // The same number.
}

TEST(CheckSameRun, NamesKeyAndBothValuesOfOtherDifferences) {
  EXPECT_EQ(refusal("/train/batch_size", 32),
            "'last.safetensors' was made with /train/batch_size = 64, not 32");
  EXPECT_EQ(refusal("/train/optimizer/type", "sgd"),
            "'last.safetensors' was made with /train/optimizer/type = \"adam\", not \"sgd\"");
  EXPECT_NE(refusal("/train/seed", 2), "");
  EXPECT_NE(refusal("/data/augment", {{"zoom", 0.1}}), "");
  EXPECT_NE(refusal("/data/preprocess", nlohmann::json::array()), "");
  EXPECT_NE(refusal("/data/preprocess/1", "minmax"), "");
  EXPECT_EQ(refusal("/train/label_smoothing", 0.1),
            "'last.safetensors' was made with /train/label_smoothing = nothing, not 0.1");
}

TEST(CheckSameRun, KnowsARenamedKeyUnderItsFormerName) {
  const char* const saved = R"({"train":{"semantics":"torch"}})";
  EXPECT_NO_THROW(check_same_run(saved, R"({"train":{"framework_compat":"torch"}})", "s"));
  EXPECT_THROW(check_same_run(saved, R"({"train":{"framework_compat":"keras"}})", "s"), core::Error);
}

TEST(CheckSameRun, RefusesASavedConfigThatIsDamaged) {
  EXPECT_THROW(check_same_run("{", kConfig, "s"), core::Error);
}

}  // namespace
}  // namespace svhn::train
