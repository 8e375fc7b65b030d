#pragma once
/// A training run of microseconds a step for the trainer's tests.

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "core/error.h"
#include "inference/evaluate.h"
#include "train/trainer.h"
#include "unit/data/prepared_test_content.h"
#include "unit/network/small_network.h"

namespace svhn::train {

using network::Network;
using torch::Tensor;

/// 16 images of formula pixels, 10 to train on and 6 to validate with.
inline data::PreparedContent content() {
  data::PreparedContent content = data::golden_content();
  const auto ten = content.images;
  content.images.insert(content.images.end(), ten.begin(), ten.begin() + 6 * data::kImageBytes);
  content.labels = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 9, 8, 7, 6, 5, 4};
  content.indices = {{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {10, 11, 12, 13, 14, 15}, {}}};
  return content;
}

/// Pools to [3,4,4], so that a step takes microseconds, and has dropout and batch norm to tell runs apart.
inline Network make_network() {
  return {network::any_graph(
              {model::AveragePool2dOp{.window = {.height = 8, .stride = 0}}, model::FlattenOp{},
               model::DenseOp{.units = 12, .activation = model::Activation::selu, .l2 = 1e-3},
               model::BatchNormOp{.momentum = 0.8}, model::DropoutOp{0.3}, model::DenseOp{.units = 10}},
              {3, 32, 32}),
          1};
}

inline TrainOptions options(std::int64_t epochs = 2, std::int64_t batch = 4) {
  TrainOptions options;
  options.epochs = epochs;
  options.batch_size = batch;
  options.optimizer.learning_rate = 0.01;
  return options;
}

/// Counts what a trainer tells.
struct Recorder : TrainObserver {
  std::vector<StepReport> steps;
  std::vector<bool> best;
  void on_step(const StepReport& report) override { steps.push_back(report); }
  void on_epoch(const EpochReport& report) override { best.push_back(report.best); }
};

/// A network in training with what its checkpoints would hold.
struct TrainingRun {
  TrainingRun(const data::PreparedData& data, const TrainOptions& train)
      : network(make_network()), trainer(train, parts(data)) {
    hooks = {.save_checkpoint = [this] { ++saves; },
             .save_best = [this] { ++best_saves; },
             .stop_requested = [] { return 0; }};
  }

  TrainerParts parts(const data::PreparedData& data) {
    const data::Preprocessing none{{}, data.statistics(data::Split::train)};
    return {.network = &network,
            .data = &data,
            .train_plan = data::plan_for(none, data, data::Split::train),
            .val_plan = data::plan_for(none, data, data::Split::val),
            .precision = kernels::Precision::float32,
            .augment = [this](std::int64_t) -> data::ImageHook {
              return [this](std::span<float>, std::int64_t row) { rows.push_back(row); };
            },
            .observers = {&recorder}};
  }

  [[nodiscard]] std::vector<network::NamedTensor> tensors() const {
    auto all = network.tensors();
    const auto more = trainer.optimizer_tensors();
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  [[nodiscard]] std::vector<Tensor> copies() const {
    std::vector<Tensor> held;
    for (const auto& item : tensors()) held.push_back(item.tensor.detach().clone());
    return held;
  }

  Recorder recorder;
  std::vector<std::int64_t> rows;  ///< Of the images in the order in which they were made.
  Network network;
  Trainer trainer;
  TrainerHooks hooks;
  int saves = 0, best_saves = 0;
};

class TrainerTest : public data::PreparedFolder {
 protected:
  void SetUp() override {
    PreparedFolder::SetUp();
    data::write_prepared(file(), content());
    data_.emplace(file());
  }
  [[nodiscard]] const data::PreparedData& data() const { return *data_; }

  std::optional<data::PreparedData> data_;
};

inline void expect_same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(a[i].equal(b[i])) << "tensor " << i;
}

}  // namespace svhn::train
