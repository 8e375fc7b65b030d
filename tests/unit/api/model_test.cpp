#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <thread>

#include "data/preprocess.h"
#include "network/tensor_io.h"
#include "svhn/svhn.hpp"
#include "unit/data/prepared_test_content.h"
#include "unit/hostile_bytes.h"
#include "unit/network/small_network.h"

namespace svhn {
namespace {

const std::string kDemo = SVHN_SOURCE_DIR "/models/demo.safetensors";

/// @returns the code of the error that `body` throws; 0 without one.
template <typename Body>
int code_of(const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_STRNE(error.what(), "");
    return static_cast<int>(error.code());
  }
  return 0;
}

/// Ten images of 32x32 pixels, seen as pictures.
class Pictures {
 public:
  [[nodiscard]] Picture at(std::size_t i, std::size_t height = 32) const {
    return {bytes_.data() + i * data::kImageBytes, height, 32};
  }
  [[nodiscard]] std::vector<Picture> all() const {
    std::vector<Picture> list;
    for (std::size_t i = 0; i < 10; ++i) list.push_back(at(i));
    return list;
  }
  [[nodiscard]] const std::uint8_t* bytes() const { return bytes_.data(); }

 private:
  std::vector<std::uint8_t> bytes_ = data::golden_images();
};

TEST(Model, TellsWhatTheFileTells) {
  const Model model(kDemo);
  EXPECT_EQ(model.name(), "demo");
  EXPECT_EQ(model.height(), 32U);
  EXPECT_EQ(model.width(), 32U);
  EXPECT_EQ(model.parameters(), 61'402);
  EXPECT_TRUE(model.synthetic());
  EXPECT_EQ(model.labels()[0], "0");
  EXPECT_EQ(model.labels()[9], "9");
  EXPECT_NE(model.preprocessing(), "");
  EXPECT_TRUE(model.evaluations().empty());
}

TEST(Model, AnswersWithTheMostProbableDigit) {
  const Answer answer = Model(kDemo).classify(Pictures().at(3));
  const auto& found = answer.probabilities;
  EXPECT_NEAR(std::accumulate(found.begin(), found.end(), 0.0), 1.0, 1e-9);
  EXPECT_EQ(answer.probability, *std::max_element(found.begin(), found.end()));
  EXPECT_EQ(answer.probability, found.at(static_cast<std::size_t>(answer.digit)));
}

TEST(Model, AnswersDoNotDependOnTheirCompany) {
  const Pictures pictures;
  const Model model(kDemo);
  const auto together = model.classify(pictures.all());
  const auto batch = model.classify_batch(pictures.bytes(), 10);
  ASSERT_EQ(together.size(), 10U);
  ASSERT_EQ(batch.size(), 10U);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(together[i].probabilities, model.classify(pictures.at(i)).probabilities);
    EXPECT_EQ(together[i].probabilities, batch[i].probabilities);
  }
  EXPECT_NE(together[0].probabilities, together[1].probabilities);
}

TEST(Model, TakesRowsThatAreFurtherApart) {
  const Pictures pictures;
  const Model model(kDemo);
  // The left half of each row of a picture of 320 rows.
  Picture left = pictures.at(0, 320);
  left.width = 16;
  left.stride = 96;
  std::vector<std::uint8_t> copy;
  for (std::size_t y = 0; y < 320; ++y)
    copy.insert(copy.end(), pictures.bytes() + y * 96, pictures.bytes() + y * 96 + 48);
  const Picture compact{copy.data(), 320, 16};
  EXPECT_EQ(model.classify(left).probabilities, model.classify(compact).probabilities);
}

TEST(Model, ASmallBatchGivesNearlyTheSame) {
  ModelOptions options;
  options.batch_size = 1;
  const Pictures pictures;
  const auto one = Model(kDemo, options).classify(pictures.all());
  const auto usual = Model(kDemo).classify(pictures.all());
  for (std::size_t i = 0; i < 10; ++i) {
    for (std::size_t digit = 0; digit < 10; ++digit)
      EXPECT_NEAR(one[i].probabilities.at(digit), usual[i].probabilities.at(digit), 1e-5);
  }
}

/// Writes a network whose products all go through memory of its own. @returns the path.
std::string write_dense_model(const std::filesystem::path& folder, double temperature = 1.0) {
  const std::vector<model::Operation> layers{model::FlattenOp{}, model::DenseOp{.units = 512},
                                             model::DenseOp{.units = 512}, model::DenseOp{.units = 10}};
  const network::Network made(network::any_graph(layers, {3, 32, 32}), 1);
  model::ModelRecord record{
      "dense", {3, 32, 32}, network::spec_of(layers), data::preprocessing_to_json({}), true};
  record.temperature = temperature;
  const std::string path = folder / "dense.safetensors";
  network::write_tensors(path, made.tensors(), model::record_metadata(record, "model"));
  return path;
}

TEST(Model, DividesTheLogitsByTheTemperature) {
  const test::TemporaryFolder folder;
  const Answer bare = Model(write_dense_model(folder.path())).classify(Pictures().at(3));
  const Answer calibrated = Model(write_dense_model(folder.path(), 2.0)).classify(Pictures().at(3));
  double sum = 0.0;
  for (const double p : bare.probabilities) sum += std::sqrt(p);
  for (std::size_t digit = 0; digit < 10; ++digit)
    EXPECT_NEAR(calibrated.probabilities.at(digit), std::sqrt(bare.probabilities.at(digit)) / sum, 1e-6);
  EXPECT_LT(calibrated.probability, bare.probability);
}

TEST(Model, ServesSeveralThreads) {
  const test::TemporaryFolder folder;
  const Pictures pictures;
  const Model model(write_dense_model(folder.path())), other(kDemo);
  const auto expected = model.classify(pictures.all()), others = other.classify(pictures.all());
  std::array<int, 6> equal{};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < equal.size(); ++t) {
    threads.emplace_back([&, t] {
      const bool second = t == 0;
      for (std::size_t i = 0; i < 20; ++i) {
        const std::size_t which = (i + t) % 10;
        const Answer answer = (second ? other : model).classify(pictures.at(which));
        equal.at(t) += answer.probabilities == (second ? others : expected)[which].probabilities ? 1 : 0;
        if (second && i == 4) break;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(equal, (std::array<int, 6>{5, 20, 20, 20, 20, 20}));
}

TEST(Model, RefusesWhatIsNoModel) {
  EXPECT_EQ(code_of([] { Model("no such file"); }), 5);
  EXPECT_EQ(code_of([] { Model(SVHN_SOURCE_DIR "/LICENSE"); }), 5);
  ModelOptions options;
  options.device = "abacus";
  EXPECT_EQ(code_of([&] { Model(kDemo, options); }), 2);
  options = {};
  options.batch_size = -1;
  EXPECT_EQ(code_of([&] { Model(kDemo, options); }), 2);
}

TEST(Model, RefusesWhatIsNoPicture) {
  const Pictures pictures;
  const Model model(kDemo);
  const auto code = [&](const Picture& picture) { return code_of([&] { (void)model.classify(picture); }); };
  EXPECT_EQ(code({}), 2);
  EXPECT_EQ(code({pictures.bytes(), 0, 32}), 2);
  EXPECT_EQ(code({pictures.bytes(), std::size_t{1} << 40, std::size_t{1} << 40}), 2);
  EXPECT_EQ(code({pictures.bytes(), 32, 32, 95}), 2);
  EXPECT_EQ(code({pictures.bytes(), 32, 32, 96}), 0);
  EXPECT_EQ(code_of([&] { (void)model.classify_batch(nullptr, 1); }), 2);
  EXPECT_TRUE(model.classify(std::vector<Picture>{}).empty());
}

TEST(Threads, AreSetForTheProcess) {
  const int all = threads();
  EXPECT_GE(all, 1);
  set_threads(3);
  EXPECT_EQ(threads(), 3);
  EXPECT_EQ(code_of([] { set_threads(-1); }), 2);
  EXPECT_EQ(code_of([] { set_threads(1025); }), 2);
  EXPECT_EQ(threads(), 3);
  set_threads(0);
  EXPECT_EQ(threads(), all);
}

class DataTest : public data::PreparedFolder {};

TEST_F(DataTest, TellsImagesLabelsAndSplits) {
  data::write_prepared(file(), data::golden_content());
  const Data data(file().string());
  ASSERT_EQ(data.size(), 10U);
  EXPECT_TRUE(data.synthetic());
  EXPECT_EQ(data.source(), "formula");
  EXPECT_EQ(data.rows(Split::val), (std::vector<std::int64_t>{1, 8}));
  EXPECT_EQ(data.rows(Split::test), (std::vector<std::int64_t>{4, 6}));
  EXPECT_EQ(data.rows(Split::train).size(), 6U);
  const Pictures pictures;
  for (std::size_t row = 0; row < 10; ++row) {
    EXPECT_EQ(data.digit(row), static_cast<int>((10 - row) % 10));  // Class index 9 - row.
    EXPECT_TRUE(std::equal(data.image(row), data.image(row) + data::kImageBytes, pictures.at(row).pixels));
  }
  EXPECT_EQ(code_of([&] { (void)data.image(10); }), 2);
  EXPECT_EQ(code_of([&] { (void)data.digit(10); }), 2);
  EXPECT_EQ(code_of([&] { (void)data.rows(static_cast<Split>(3)); }), 2);
}

TEST_F(DataTest, RefusesWhatIsNoPreparedFile) {
  EXPECT_EQ(code_of([] { Data("no such file"); }), 4);
  EXPECT_EQ(code_of([] { Data{kDemo}; }), 4);
}

}  // namespace
}  // namespace svhn
