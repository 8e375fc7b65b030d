#include "network/tensor_io.h"

#include "core/error.h"
#include "unit/hostile_bytes.h"
#include "unit/network/branched.h"

namespace svhn::network {
namespace {

const std::vector<model::Operation> kLayers{
    model::Conv2dOp{.filters = 2, .window = {.height = 3, .stride = 4}}, model::BatchNormOp{},
    model::FlattenOp{}, model::DenseOp{.units = 10}};

Network network_with(std::uint64_t seed, torch::ScalarType dtype = torch::kFloat32) {
  return {any_graph(kLayers, {1, 32, 32}), seed, BatchNormVariance::keras, dtype};
}

model::ModelRecord record() {
  return {"model_1", {1, 32, 32}, spec_of(kLayers), R"({"steps":[]})", false};
}

std::string refusal(const std::function<void()>& body) {
  try {
    body();
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::model);
    EXPECT_FALSE(error.hint().empty());
    return error.what();
  }
  return "";
}

void expect_equal(const Network& a, const Network& b) {
  for (std::size_t i = 0; i < a.tensors().size(); ++i) {
    EXPECT_TRUE(a.tensors()[i].tensor.equal(b.tensors()[i].tensor)) << a.tensors()[i].name;
  }
}

TEST(WriteTensors, AreReadBackExactly) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "w.safetensors";
  for (const auto dtype : {torch::kFloat32, torch::kFloat64}) {
    const Network saved = network_with(1, dtype);
    write_tensors(path, saved.tensors(), {{"a", "b"}});
    const Network loaded = network_with(2, dtype);
    const formats::SafetensorsFile file(path, core::ExitCode::model);
    read_tensors(file, loaded.tensors());
    expect_equal(saved, loaded);
    EXPECT_EQ(file.metadata().at("a"), "b");
  }
}

TEST(WriteTensors, StoreTensorsInRowMajorOrderWhateverTheirLayout) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "w.safetensors";
  write_tensors(path, {{"t", doubles({1, 2, 3, 4, 5, 6}, {3, 2}).t()}}, {});
  NamedTensor read{"t", torch::zeros({2, 3}, torch::kFloat64)};
  read_tensors(formats::SafetensorsFile(path, core::ExitCode::model), {read});
  expect_near(read.tensor, {1, 3, 5, 2, 4, 6});
}

TEST(WriteTensors, GivesTheSameBytesForTheSameTensors) {
  const test::TemporaryFolder folder;
  const auto one = folder.path() / "one", two = folder.path() / "two";
  write_tensors(one, network_with(1).tensors(), model::record_metadata(record(), "model"));
  write_tensors(two, network_with(1).tensors(), model::record_metadata(record(), "model"));
  EXPECT_EQ(test::read_bytes(one), test::read_bytes(two));
}

TEST(ReadTensors, NameWhatDoesNotFitAndCopyNothing) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "w.safetensors";
  const auto saved = network_with(1).tensors();
  const auto refuse_without_copying = [&](std::vector<NamedTensor> tensors) {
    write_tensors(path, tensors, {});
    const Network target = network_with(2);
    const formats::SafetensorsFile file(path, core::ExitCode::model);
    const std::string message = refusal([&] { read_tensors(file, target.tensors()); });
    expect_equal(target, network_with(2));
    return message;
  };
  auto tensors = saved;
  tensors.pop_back();
  EXPECT_NE(refuse_without_copying(tensors).find("dense_1.bias"), std::string::npos);
  tensors = saved;
  tensors.back().tensor = torch::zeros({11});
  EXPECT_NE(refuse_without_copying(tensors).find("dense_1.bias"), std::string::npos);
  tensors.back().tensor = torch::zeros({10}, torch::kFloat64);
  EXPECT_NE(refuse_without_copying(tensors).find("dense_1.bias"), std::string::npos);
}

TEST(ReadTensors, NoticeAFlippedBitAndCopyNothing) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "w.safetensors";
  write_tensors(path, network_with(1).tensors(), {});
  std::string bytes = test::read_bytes(path);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  folder.write("w.safetensors", bytes);
  const Network target = network_with(2);
  const formats::SafetensorsFile file(path, core::ExitCode::model);
  EXPECT_NE(refusal([&] { read_tensors(file, target.tensors()); }), "");
  expect_equal(target, network_with(2));
}

TEST(LoadNetwork, KeepsBranches) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "m.safetensors";
  for (const char* name : kBranchedConfigs) {
    Network saved = branched_network(name);
    const model::ModelRecord branched{name, {3, 32, 32}, config_model(name), R"({"steps":[]})", false};
    write_tensors(path, saved.tensors(), model::record_metadata(branched, "model"));
    const model::ModelFile file(path);
    ASSERT_EQ(file.graph().nodes.size(), saved.graph().nodes.size());
    for (std::size_t i = 0; i < saved.graph().nodes.size(); ++i)
      EXPECT_EQ(file.graph().nodes[i].inputs, saved.graph().nodes[i].inputs);
    Network loaded = load_network(file);
    const torch::Tensor x = branched_images(2);
    EXPECT_TRUE(loaded.forward(x, {}).equal(saved.forward(x, {}))) << name;
  }
}

TEST(LoadNetwork, GivesTheSameLogits) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "m.safetensors";
  Network saved = network_with(3);
  const torch::Tensor x = torch::arange(2048.0).mul(0.1).sin().view({2, 1, 32, 32});
  saved.forward(x, {.training = true});  // Changes the running statistics.
  write_tensors(path, saved.tensors(), model::record_metadata(record(), "model"));
  Network loaded = load_network(model::ModelFile(path));
  EXPECT_TRUE(loaded.forward(x, {}).equal(saved.forward(x, {})));
}

}  // namespace
}  // namespace svhn::network
