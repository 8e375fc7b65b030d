#include "transfer/features.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

#include "unit/distributed/thread_group.h"
#include "unit/transfer/transfer_run.h"

namespace svhn::transfer {
namespace {

class FeaturesTest : public TransferTest {
 protected:
  void SetUp() override {
    TransferTest::SetUp();
    network_ = std::make_unique<network::Network>(planned(squeezenet()), 1);
  }

  [[nodiscard]] train::FeatureContext part() const {
    // Each split has its own range here, so that a mixed-up split shows.
    return {
        .network = network_.get(),
        .data = data_.get(),
        .preprocessing = {{data::PreprocessStep::minmax_per_split}, data_->statistics(data::Split::train)}};
  }

  train::Features make(const train::FeatureContext& part) {
    FeatureEvents events;
    events.writing = [this](const auto& path, std::uint64_t bytes, std::size_t images) {
      written_.push_back(path);
      EXPECT_EQ(images, 16U);
      EXPECT_EQ(bytes, 16U * (512 * 4 + 8));
    };
    events.found = [this](const auto& path) { found_.push_back(path); };
    events.unused = [this](const std::string& reason) { reason_ = reason; };
    return feature_maker(folder(), events)(part);
  }

  std::vector<float> expected(const train::FeatureContext& part, data::Split split, std::int64_t row) {
    const data::PixelSource pixels(*data_, data::plan_for(part.preprocessing, *data_, split));
    const torch::Tensor image = torch::empty({1, 3, 32, 32});
    pixels.read(row, {static_cast<float*>(image.data_ptr()), 3 * 32 * 32});
    std::vector<float> values;
    const torch::NoGradGuard no_grad;
    const model::NodeId flatten = network_->graph().layers[1].last;
    network_->forward_visiting(image, {}, [&](model::NodeId id, const torch::Tensor& output) {
      const torch::Tensor flat = output.contiguous();
      const auto* first = static_cast<const float*>(flat.data_ptr());
      if (id == flatten) values.assign(first, first + flat.numel());
    });
    return values;
  }

  std::unique_ptr<network::Network> network_;
  std::vector<std::filesystem::path> written_, found_;
  std::string reason_;
};

TEST_F(FeaturesTest, AreWhatTheFrozenLayersGiveForEveryImage) {
  const auto part = this->part();
  const train::Features features = make(part);
  EXPECT_EQ(features.cut, network_->graph().layers[1].last);
  ASSERT_NE(features.inputs, nullptr);
  EXPECT_EQ(features.inputs->shape(), (std::vector<std::int64_t>{512}));
  std::vector<float> values(512);
  for (const data::Split split : {data::Split::train, data::Split::val}) {
    for (const std::int64_t row : data_->indices(split)) {
      features.inputs->read(row, values);
      const auto wanted = expected(part, split, row);
      ASSERT_EQ(wanted.size(), values.size());
      for (std::size_t i = 0; i < values.size(); ++i) ASSERT_NEAR(values[i], wanted[i], 1e-4) << row;
    }
  }
  EXPECT_THROW(features.inputs->read(16, values), core::Error);
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_F(FeaturesTest, AreTheSameBytesFromSeveralProcesses) {
  make(part());
  for (const bool shared : {true, false}) {  // One folder, or one each as on machines apart.
    std::vector<std::filesystem::path> written;
    distributed::run_ranks(3, [&](distributed::ProcessGroup& group) {
      network::Network network(planned(squeezenet()), 1);
      auto own = part();
      own.network = &network;
      own.group = &group;
      FeatureEvents events;
      events.writing = [&](const auto& path, std::uint64_t, std::size_t) { written.push_back(path); };
      const auto folder = this->folder() / (shared ? "shared" : "rank" + std::to_string(group.rank()));
      const auto features = feature_maker(folder, events)(own);
      EXPECT_EQ(bytes_of(folder / written_[0].filename()), bytes_of(written_[0]));
      std::vector<float> values(512);
      EXPECT_NO_THROW(features.inputs->read(3, values));
    });
    EXPECT_EQ(written.size(), 1U) << "the first process alone tells";
  }
}

TEST_F(FeaturesTest, AreFoundAgainForTheSameAndMadeAnewForOthers) {
  make(part());
  ASSERT_EQ(written_.size(), 1U);
  make(part());
  EXPECT_EQ(found_, written_);
  auto other = part();
  other.preprocessing.steps.clear();
  make(other);
  network_ = std::make_unique<network::Network>(planned(squeezenet()), 2);
  make(part());
  EXPECT_EQ(written_.size(), 3U);
  EXPECT_NE(written_[0], written_[1]);
  EXPECT_NE(written_[0], written_[2]);
}

TEST_F(FeaturesTest, AreMadeAgainWhereTheFileIsDamaged) {
  make(part());
  std::filesystem::resize_file(written_[0], 1000);
  make(part());
  EXPECT_EQ(written_.size(), 2U);
  make(part());
  EXPECT_EQ(found_.size(), 1U);
}

TEST_F(FeaturesTest, TellADamagedByteWhenItIsRead) {
  const auto features = make(part());
  {
    std::fstream file(written_[0], std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(written_[0])) - 200);
    file.put('\x55');
  }
  const auto again = make(part());
  std::vector<float> values(512);
  try {
    for (std::int64_t row = 0; row < 16; ++row) again.inputs->read(row, values);
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::data);
    EXPECT_NE(std::string(error.what()).find(written_[0].string()), std::string::npos);
  }
}

TEST_F(FeaturesTest, AreNotMadeWhereEachEpochSeesOtherImages) {
  auto augmented = part();
  augmented.augmented = true;
  EXPECT_EQ(make(augmented).inputs, nullptr);
  EXPECT_NE(reason_.find("augmentation"), std::string::npos);
  EXPECT_TRUE(written_.empty());
}

/// A head on SqueezeNet's output and on a layer inside it.
model::ModelSpec two_depths() {
  model::ModelSpec spec = squeezenet();
  spec.layers = {spec.layers[0],
                 {"deep", model::GlobalAveragePoolOp{}},
                 {"shallow", model::GlobalAveragePoolOp{}, true, {"squeezenet1_1.features.5"}},
                 {"both", model::ConcatOp{}, true, {"deep", "shallow"}},
                 {"drop", model::DropoutOp{0.25}},
                 {"head", model::DenseOp{.units = 10}}};
  return spec;
}

TEST_F(FeaturesTest, TrainWhatFollowsAsPixelsDo) {
  for (const auto& [name, spec] :
       std::map<std::string, model::ModelSpec>{{"head", squeezenet()},
                                               {"last_block", squeezenet({"features.12.*"})},
                                               {"two_depths", two_depths()}}) {
    const auto run = [&, &name = name, &spec = spec](bool cached) {
      auto request = this->request(spec);
      request.output = folder() / (name + (cached ? "_cached" : "_pixels"));
      if (cached) request.make_features = feature_maker(folder(), {});
      train::Session session(std::move(request));
      session.run({});
      return session.state().history;
    };
    const auto pixels = run(false), cached = run(true);
    ASSERT_EQ(cached.loss.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_NEAR(cached.loss[i], pixels.loss[i], 1e-4) << name;
      EXPECT_NEAR(cached.val_loss[i], pixels.val_loss[i], 1e-4) << name;
    }
  }
  const auto files = std::filesystem::directory_iterator(folder());
  const auto is_features = [](const auto& entry) { return entry.path().extension() == ".safetensors"; };
  EXPECT_EQ(std::count_if(begin(files), end(files), is_features), 3) << "one for each place";
}

}  // namespace
}  // namespace svhn::transfer
