#include "model/plan.h"
#include "unit/train/trainer_run.h"

namespace svhn::train {
namespace {

metric::EvaluationResult evaluated(TrainingRun& run, const data::PreparedData& data, double smoothing) {
  const data::Preprocessing none{{}, data.statistics(data::Split::train)};
  inference::EvaluateOptions options;
  options.label_smoothing = smoothing;
  return inference::evaluate(run.network, data, data::Split::val,
                             data::plan_for(none, data, data::Split::val), options);
}

TEST_F(TrainerTest, ValidatesWithTheTrainingLossSmoothing) {
  TrainOptions smooth = options(1, 10);
  smooth.label_smoothing = 0.2;
  smooth.optimizer = {.type = OptimizerType::sgd, .learning_rate = 0.0};
  TrainingRun run(data(), smooth);
  run.trainer.run(run.hooks);
  const double penalty =
      1e-3 * network::tensor_of(run.network, "dense_1.weight").square().sum().item().toDouble();
  const double loss = run.trainer.state().history.val_loss[0] - penalty;
  EXPECT_NEAR(loss, evaluated(run, data(), 0.2).loss, 1e-6);
  EXPECT_GT(std::abs(loss - evaluated(run, data(), 0.0).loss), 1e-4);
}

TEST_F(TrainerTest, KeepsTheWeightsOfTheEpochThatEarlyStoppingWatches) {
  TrainOptions early = options(6);
  early.optimizer.learning_rate = 0.2;  // So that the loss goes up and down.
  early.early_stopping = {.monitor = "loss", .patience = 6, .restore_best = true};
  TrainingRun run(data(), early);
  std::vector<std::int64_t> saved;
  run.hooks.save_monitored = [&] { saved.push_back(run.trainer.state().epoch + 1); };
  run.trainer.run(run.hooks);
  const auto& loss = run.trainer.state().history.loss;
  std::vector<std::int64_t> records;
  for (std::size_t i = 0; i < loss.size(); ++i) {
    if (i == 0 || loss[i] < *std::min_element(loss.begin(), loss.begin() + static_cast<std::ptrdiff_t>(i))) {
      records.push_back(static_cast<std::int64_t>(i) + 1);
    }
  }
  EXPECT_EQ(saved, records);
  EXPECT_EQ(run.trainer.state().early_stopping.best_epoch, saved.back());
}

/// What the trainer's small network has after pooling and flattening: [48].
class PooledFeatures : public data::InputSource {
 public:
  PooledFeatures(network::Network& network, const data::PreparedData& data) {
    const data::Preprocessing none{{}, data.statistics(data::Split::train)};
    const data::PixelSource pixels(data, data::plan_for(none, data, data::Split::train));
    const torch::NoGradGuard no_grad;
    for (std::int64_t row = 0; row < 16; ++row) {
      const Tensor image = torch::empty({1, 3, 32, 32});
      pixels.read(row, {static_cast<float*>(image.data_ptr()), 3 * 32 * 32});
      network.forward_visiting(image, {}, [&](model::NodeId id, const Tensor& output) {
        if (id == 2) features_.push_back(output.contiguous());
      });
    }
  }
  [[nodiscard]] std::vector<std::int64_t> shape() const override { return {48}; }
  void read(std::int64_t row, std::span<float> values) const override {
    const auto* first = static_cast<const float*>(features_[static_cast<std::size_t>(row)].data_ptr());
    std::copy(first, first + 48, values.begin());
  }

 private:
  std::vector<Tensor> features_;
};

TEST_F(TrainerTest, LearnsTheSameFromFeaturesThatWereMadeBefore) {
  TrainingRun pixels(data(), options()), features(data(), options());
  const PooledFeatures pooled(features.network, data());
  features.trainer.use_features(pooled, 2);
  pixels.trainer.run(pixels.hooks);
  features.trainer.run(features.hooks);
  expect_same(features.copies(), pixels.copies());
  EXPECT_EQ(features.trainer.state().history.val_loss, pixels.trainer.state().history.val_loss);
  EXPECT_FALSE(pixels.rows.empty());
  EXPECT_TRUE(features.rows.empty()) << "no image was made";
}

TEST_F(TrainerTest, DropsByTheStepOfTheWholeRun) {
  TrainOptions still = options(3, 10);  // One step an epoch.
  still.optimizer = {.type = OptimizerType::sgd, .learning_rate = 0.0};
  TrainingRun run(data(), still);
  run.trainer.run(run.hooks);
  const auto rows = run.rows;
  ASSERT_EQ(rows.size(), 30U);
  const double penalty =
      1e-3 * network::tensor_of(run.network, "dense_1.weight").square().sum().item().toDouble();
  const data::Preprocessing none{{}, data().statistics(data::Split::train)};
  data::BatchLoader loader(data(), data::plan_for(none, data(), data::Split::train), {10, false, {}});
  const torch::NoGradGuard no_grad;
  for (std::size_t step = 0; step < 3; ++step) {
    loader.start(std::span(rows).subspan(step * 10, 10));
    data::Batch batch = *loader.next();
    const Tensor images = torch::from_blob(batch.pixels.data(), {10, 3, 32, 32}, torch::kFloat32);
    const Tensor labels = torch::from_blob(batch.labels.data(), {10}, torch::kInt64);
    network::ForwardContext context{.training = true, .seed = still.seed};
    context.step = static_cast<std::int64_t>(step);
    const Tensor loss = at::cross_entropy_loss(run.network.forward(images, context), labels);
    EXPECT_NEAR(run.trainer.state().history.loss[step], loss.item().toDouble() + penalty, 1e-5);
  }
}

}  // namespace
}  // namespace svhn::train
