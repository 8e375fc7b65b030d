#include "interpret/embeddings.h"

#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <stdexcept>

#include "core/error.h"
#include "interpret/activations.h"
#include "unit/data/prepared_test_content.h"
#include "unit/distributed/thread_group.h"
#include "unit/network/small_network.h"

namespace svhn::interpret {
namespace {

using core::ExitCode;
using data::Split;
using torch::Tensor;

/// Images of labels 9 - row; the training split holds the rows 7 0 3 5 2 9.
class Embed : public data::PreparedFolder {
 protected:
  void SetUp() override {
    PreparedFolder::SetUp();
    data::write_prepared(file(), data::golden_content());
  }

  static network::Network network() {
    return {
        network::any_graph({model::AveragePool2dOp{.window = {.height = 16, .stride = 0}}, model::FlattenOp{},
                            model::DenseOp{.units = 10, .activation = model::Activation::softmax}},
                           {3, 32, 32}),
        1};
  }

  Embeddings embed_train(network::Network& of, const std::string& layer, EmbedOptions options = {}) const {
    const data::PreparedData data(file());
    options.scratch = file().parent_path();
    return embed(of, data, data.indices(Split::train),
                 data::plan_for({{}, data.statistics(Split::train)}, data, Split::train),
                 find_layer(of.graph(), layer), options);
  }
};

TEST_F(Embed, GivesTheFirstProcessOfAGroupWhatOneGetsAndTheOthersTheirPart) {
  auto some = network();
  EmbedOptions options;
  options.batch_size = 1;
  const Embeddings alone = embed_train(some, "flatten", options);
  distributed::run_ranks(4, [&](distributed::ProcessGroup& group) {
    auto same = network();
    EmbedOptions own = options;
    own.group = &group;
    const Embeddings together = embed_train(same, "flatten", own);
    // Six batches of one image: 4 processes take 1, 2, 1 and 2.
    const std::int64_t first = std::array{0, 1, 3, 4}.at(static_cast<std::size_t>(group.rank()));
    const std::int64_t count = std::array{6, 2, 1, 2}.at(static_cast<std::size_t>(group.rank()));
    ASSERT_EQ(together.size(), count);
    EXPECT_TRUE(together.tensor().equal(alone.tensor().narrow(0, first, count)));
    for (std::int64_t i = 0; i < count; ++i) {
      EXPECT_EQ(together.rows[static_cast<std::size_t>(i)], alone.rows[static_cast<std::size_t>(first + i)]);
      EXPECT_EQ(together.labels[static_cast<std::size_t>(i)],
                alone.labels[static_cast<std::size_t>(first + i)]);
    }
  });
}

ExitCode code_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const core::Error& error) {
    return error.code();
  }
  return ExitCode::ok;
}

TEST_F(Embed, IsTheLayersOutputInTheOrderOfTheRows) {
  auto some = network();
  const Embeddings points = embed_train(some, "flatten");
  EXPECT_EQ(points.rows, (std::vector<std::int64_t>{7, 0, 3, 5, 2, 9}));
  EXPECT_EQ(points.labels, (std::vector<std::uint8_t>{2, 9, 6, 4, 7, 0}));
  ASSERT_EQ(points.tensor().sizes().vec(), (std::vector<std::int64_t>{6, 12}));
  // The mean of the top left 16x16 pixels of row 3, red.
  const data::PreparedData data(file());
  double sum = 0.0;
  for (std::size_t y = 0; y < 16; ++y) {
    for (std::size_t x = 0; x < 16; ++x) sum += data.image(3)[(y * 32 + x) * 3];
  }
  EXPECT_NEAR(points.tensor()[2][0].item().toDouble(), sum / 256.0 / 255.0, 1e-6);
}

TEST_F(Embed, DoesNotDependOnTheBatchSize) {
  auto some = network();
  const Embeddings whole = embed_train(some, "output");
  const Embeddings small = embed_train(some, "output", {.batch_size = 4});
  EXPECT_TRUE(at::allclose(whole.tensor(), small.tensor(), 0.0, 1e-6));
  EXPECT_TRUE(at::allclose(whole.tensor().sum(1), at::ones({6}), 0.0, 1e-5));  // Softmax.
}

TEST_F(Embed, TellsHowFarItIsAndCanBeStopped) {
  auto some = network();
  std::vector<std::int64_t> seen;
  EmbedOptions options;
  options.batch_size = 4;
  options.progress = [&](std::int64_t done, std::int64_t total) {
    seen.push_back(done);
    EXPECT_EQ(total, 6);
  };
  embed_train(some, "flatten", options);
  EXPECT_EQ(seen, (std::vector<std::int64_t>{4, 6}));
  options.progress = [](std::int64_t, std::int64_t) { throw std::runtime_error("stop"); };
  EXPECT_THROW(embed_train(some, "flatten", options), std::runtime_error);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(file().parent_path()))
    files += entry.exists() ? 1 : 0;
  EXPECT_EQ(files, 1U);  // The data alone; the scratch file has no name.
}

TEST_F(Embed, RefusesWhatItCannotDo) {
  auto some = network();
  const data::PreparedData data(file());
  const auto plan = data::plan_for({{}, data.statistics(Split::train)}, data, Split::train);
  const auto layer = find_layer(some.graph(), "flatten");
  const auto attempt = [&](std::vector<std::int64_t> rows, const LayerChoice& of) {
    return code_of([&] { embed(some, data, rows, plan, of, {.scratch = file().parent_path()}); });
  };
  EXPECT_EQ(attempt({}, layer), ExitCode::data);
  EXPECT_EQ(attempt({0, 10}, layer), ExitCode::data);
  EXPECT_EQ(attempt({-1}, layer), ExitCode::data);
  EXPECT_EQ(attempt({0}, {"huge", 1, 2, {std::int64_t{1} << 33}, false}), ExitCode::usage);
  network::set(some, "dense_1.bias", {std::nan(""), 0, 0, 0, 0, 0, 0, 0, 0, 0});
  EXPECT_EQ(attempt({0}, find_layer(some.graph(), "output")), ExitCode::numeric);
}

TEST_F(Embed, ComesBackFromItsFile) {
  auto some = network();
  const Embeddings points = embed_train(some, "flatten");
  const auto path = file().parent_path() / "embeddings.safetensors";
  write_embeddings(path, points, {{"layer", "flatten_1"}});
  const formats::SafetensorsFile read(path, ExitCode::data);
  const auto bytes = read.bytes(read.require("embeddings", formats::DType::f32, {6, 12}));
  EXPECT_EQ(std::memcmp(bytes.data(), points.values.floats().data(), bytes.size()), 0);
  read.require("labels", formats::DType::u8, {6});
  read.require("rows", formats::DType::i64, {6});
  EXPECT_EQ(read.metadata().at("layer"), "flatten_1");
}

TEST_F(Embed, MapsComeBackAndDamagedOnesAreRefused) {
  const auto path = file().parent_path() / "tsne.safetensors";
  const EmbeddingMap map{
      torch::tensor({0.5F, -1.0F, 2.0F, 3.0F}).view({2, 2}), {4, 1}, {9, 0}, {{"split", "test"}}};
  write_map(path, map);
  const EmbeddingMap read = read_map(path);
  EXPECT_TRUE(read.map.equal(map.map));
  EXPECT_EQ(read.rows, map.rows);
  EXPECT_EQ(read.labels, map.labels);
  EXPECT_EQ(read.metadata.at("split"), "test");
  const auto refused = [&](EmbeddingMap broken) {
    write_map(path, broken);
    return code_of([&] { read_map(path); });
  };
  EXPECT_EQ(refused({map.map, {4, -1}, {9, 0}, {}}), ExitCode::data);
  EXPECT_EQ(refused({map.map, {4, 1}, {9, 10}, {}}), ExitCode::data);
  EXPECT_EQ(refused({map.map * INFINITY, {4, 1}, {9, 0}, {}}), ExitCode::data);
  EXPECT_EQ(refused({at::empty({0, 2}), {}, {}, {}}), ExitCode::data);
  EXPECT_EQ(code_of([&] { read_map(file()); }), ExitCode::data);  // The data file is no map.
}

}  // namespace
}  // namespace svhn::interpret
