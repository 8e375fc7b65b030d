// The files in configs/: their values, and that every one of them is valid.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "config/run_config.h"
#include "core/file.h"
#include "core/json.h"
#include "core/random.h"

namespace svhn::config {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(SVHN_SOURCE_DIR) / "configs";

struct Row {
  const char* file;
  const char* name;
  std::int64_t total, trainable, non_trainable;
  std::size_t joins = 0;  ///< Layers that read several others.
};

// Expected numbers: the assignment's own model summaries (Keras).
constexpr Row kAssignment[] = {{"q1_1", "model_1_1", 404'010, 404'010, 0},
                               {"q1_2", "model_1_2", 141'866, 141'866, 0},
                               {"q1_3", "model_1_3", 142'762, 142'314, 448},
                               {"q2_1", "model_2_1", 552'298, 551'146, 1'152},
                               {"q2_2", "model_2_2", 552'298, 551'146, 1'152}};

constexpr Row kTransfer[] = {{"q4_1", "model_4_1", 14'748'426, 33'610, 14'714'816},
                             {"q4_2", "model_4_2", 14'748'426, 13'012'810, 1'735'616}};

// Summed by hand: k k in out of each convolution, 4 channels of each batch norm (half of them statistics) and
// 10 in + 10 of the dense layer; the 312 numbers of a whitening layer are frozen. The first network is the
// Wide ResNet-16-1 of Zagoruyko and Komodakis 2016.
constexpr Row kBranched[] = {{"preact_resnet16", "preact_resnet16", 175'994, 175'066, 928, 6},
                             {"resnet_shortcut", "resnet_shortcut", 309'994, 308'650, 1'344, 3},
                             {"dense_block", "dense_block", 47'434, 46'306, 1'128, 9},
                             {"small", "small", 88'034, 87'202, 832, 2},
                             {"speedrun", "speedrun", 499'266, 497'802, 1'464, 0}};

void expect_counts(const Row& row, const RunConfig& config) {
  const auto counts = plan_run(config, row.file).counts;
  EXPECT_EQ(config.name, row.name);
  EXPECT_EQ(counts.total, row.total) << row.file;
  EXPECT_EQ(counts.trainable, row.trainable) << row.file;
  EXPECT_EQ(counts.non_trainable, row.non_trainable) << row.file;
}

RunConfig load(const std::string& name) {
  return load_run_config(kFolder / (name + ".json"));
}

/// @returns a config without "tune" and "compare", which other modules read.
nlohmann::json run_part(const fs::path& path) {
  auto document = core::read_json_file(path, core::ExitCode::config);
  document.erase("tune");
  document.erase("compare");
  return document;
}

std::vector<fs::path> all_configs() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  return files;
}

TEST(Configs, HaveTheAssignmentsParameterCounts) {
  for (const Row& row : kAssignment) expect_counts(row, load(row.file));
  for (const Row& row : kTransfer) {
    const RunConfig config = load(row.file);
    expect_counts(row, config);
    EXPECT_EQ(config.train.epochs, 20);
    EXPECT_EQ(config.train.batch_size, 64);
    EXPECT_TRUE(config.data.preprocess.empty()) << "RGB/255, as it is";
  }
}

TEST(Configs, BuildNetworksWithBranches) {
  for (const Row& row : kBranched) {
    const RunConfig config = load(row.file);
    expect_counts(row, config);
    const model::Graph graph = plan_run(config, row.file);
    EXPECT_EQ(graph.input(), (model::Shape{3, 32, 32}));
    std::size_t joins = 0;
    for (const model::Node& node : graph.nodes) joins += node.inputs.size() > 1 ? 1 : 0;
    EXPECT_EQ(joins, row.joins) << row.file;
  }
}

TEST(Configs, TrainAsTheAssignmentDid) {
  for (const Row& row : kAssignment) {
    const RunConfig config = load(row.file);
    EXPECT_EQ(config.train.epochs, 50);
    EXPECT_EQ(config.train.batch_size, 64);
    EXPECT_EQ(config.train.optimizer.type, train::OptimizerType::adam);
    EXPECT_EQ(config.train.optimizer.learning_rate, 1e-3);
    EXPECT_EQ(config.train.optimizer.epsilon, 1e-7);
    EXPECT_EQ(config.train.framework_compat, train::FrameworkCompat::keras);
    EXPECT_EQ(input_shape(config)[0], std::string(row.file) == "q1_1" ? 3 : 1);
  }
  const RunConfig augmented = load("q2_2");
  EXPECT_EQ(augmented.train.steps_per_epoch, 60);
  EXPECT_EQ(augmented.data.augment.value().rotation_degrees, 15.0);
  EXPECT_EQ(augmented.data.augment.value().shear_degrees, 0.15);
  EXPECT_FALSE(augmented.data.augment.value().horizontal_flip);
}

TEST(Configs, AreAllSoundAndReadBackTheSame) {
  EXPECT_GE(all_configs().size(), 6U);
  for (const fs::path& path : all_configs()) {
    const RunConfig config = run_config_from_json(run_part(path), path.string());
    plan_run(config, path.string());
    const std::string resolved = core::json_text(resolved_json(config));
    const RunConfig again = parse_run_config(resolved, path.string());
    EXPECT_EQ(core::json_text(resolved_json(again)), resolved) << path;
  }
}

/// Checks the schema argv[1] against its draft; exits with how many of argv[2…] it refuses, or 255.
constexpr const char* kValidate = R"py(
import json, sys
try:
    from jsonschema import Draft202012Validator
    schema = json.load(open(sys.argv[1]))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    refused = [path for path in sys.argv[2:] if not validator.is_valid(json.load(open(path)))]
except Exception as error:
    print(error, file=sys.stderr)
    sys.exit(255)
print("refused:", *refused, file=sys.stderr)
sys.exit(len(refused))
)py";

class SchemaValidation : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("python3 -c 'import jsonschema' >/dev/null 2>&1") != 0) {
      GTEST_SKIP() << "python3-jsonschema is not installed";
    }
    std::string name = (fs::temp_directory_path() / "svhn_schema_XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    write("validate.py", kValidate);
    write("schema.json", core::json_text(config_schema()));
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  std::string write(const std::string& name, const std::string& text) {
    core::write_text_file(folder_ / name, text, core::ExitCode::data);
    return (folder_ / name).string();
  }

  [[nodiscard]] int refused(const std::string& files) const {
    const std::string folder = "'" + folder_.string() + "/";
    const int status =
        std::system(("python3 " + folder + "validate.py' " + folder + "schema.json' " + files).c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  fs::path folder_;
};

TEST_F(SchemaValidation, AcceptsEveryConfigAndItsResolvedForm) {
  std::string files;
  for (const fs::path& path : all_configs()) {
    const std::string stem = path.stem().string();
    const auto document = run_part(path);
    files += " '" + write(stem + ".json", document.dump()) + "'";
    const std::string resolved = resolved_json(run_config_from_json(document, stem)).dump();
    files += " '" + write(stem + ".resolved.json", resolved) + "'";
  }
  auto former = run_part(kFolder / "q2_2.json");
  former["train"]["semantics"] = "torch";
  files += " '" + write("former.json", former.dump()) + "'";
  auto script = run_part(kFolder / "q4_1.json");
  script["model"]["layers"][0] = nlohmann::json::parse(R"({"type": "backbone", "name": "torchscript",
    "weights": "weights/own.pt", "feature_shape": [512, 1, 1],
    "tensors": [{"name": "conv.weight", "shape": [512, 3, 32, 32]}]})");
  files += " '" + write("script.json", script.dump()) + "'";
  const std::string resolved = resolved_json(run_config_from_json(script, "script")).dump();
  files += " '" + write("script.resolved.json", resolved) + "'";
  EXPECT_EQ(refused(files), 0);
}

TEST_F(SchemaValidation, RefusesWhatTheReaderRefuses) {
  const auto good = core::read_json_file(kFolder / "q2_2.json", core::ExitCode::config);
  const std::pair<const char*, nlohmann::json> faults[] = {{"/schema", 2},
                                                           {"/name", ".x"},
                                                           {"/train/epochs", 0},
                                                           {"/train/epoch", 1},
                                                           {"/train/seed", "1"},
                                                           {"/data/augment/zoom", 1},
                                                           {"/model/layers/0/type", "x"},
                                                           {"/model/layers/0/units", 1},
                                                           {"/model/layers", nlohmann::json::array()},
                                                           {"/train/optimizer/type", "Adam"}};
  std::string files;
  int count = 0;
  for (const auto& [pointer, value] : faults) {
    auto bad = good;
    bad[nlohmann::json::json_pointer(pointer)] = value;
    EXPECT_THROW(run_config_from_json(bad, "bad"), core::Error) << pointer;
    files += " '" + write("bad" + std::to_string(count++) + ".json", bad.dump()) + "'";
  }
  EXPECT_EQ(refused(files), count);
}

/// Reads a config that may be damaged: an error must be one line of UTF-8 with a hint and exit code config.
void expect_orderly(const std::string& text) {
  try {
    plan_run(parse_run_config(text, "c.json"), "c.json");
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::config) << text;
    EXPECT_EQ(core::printable(error.what(), 100'000), error.what());
    EXPECT_FALSE(error.hint().empty()) << error.what();
  }
}

TEST(DamagedConfigs, AreReadOrRefusedInOneLine) {
  const std::string text = core::read_text_file(kFolder / "q2_2.json", core::ExitCode::config, 1 << 20);
  for (std::size_t part = 0; part < 64; ++part) expect_orderly(text.substr(0, text.size() * part / 64));
  core::CounterRandom random(1, core::stream_id("bit flips"));
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = text;
    char& byte = damaged[random.below(damaged.size())];
    byte = static_cast<char>(byte ^ static_cast<char>(1U << random.below(8)));
    expect_orderly(damaged);
  }
}

}  // namespace
}  // namespace svhn::config
