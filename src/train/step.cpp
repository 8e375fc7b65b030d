#include "train/step.h"

#include <cmath>
#include <utility>

#include "train/augmentation.h"
#include "train/loss.h"
#include "train/mlp_step.h"

namespace svhn::train {
namespace {

using torch::Tensor;

Tensor class_weight_tensor(const TrainOptions& options, const torch::Device& device) {
  if (options.class_weights.empty()) return {};
  return torch::tensor(options.class_weights, torch::kFloat64).to(device, torch::kFloat32);
}

/// @returns inputs [n,...] in the network's dtype and class indices i64 [n], on its device; they
/// may borrow the batch's memory.
std::pair<Tensor, Tensor> batch_tensors(const StepInput& input, const network::Network& network) {
  std::vector<std::int64_t> shape = input.shape;
  shape.insert(shape.begin(), input.batch.size);
  auto* pixels = const_cast<float*>(input.batch.pixels.data());
  auto* labels = const_cast<std::int64_t*>(input.batch.labels.data());
  return {torch::from_blob(pixels, shape, torch::kFloat32).to(network.device(), network.dtype()),
          torch::from_blob(labels, {input.batch.size}, torch::kInt64).to(network.device())};
}

}  // namespace

TrainStep::TrainStep(const TrainOptions& options, network::Network& network, kernels::Precision precision,
                     distributed::ProcessGroup* group)
    : options_(options),
      network_(network),
      precision_(precision),
      first_process_(group == nullptr || group->rank() == 0),
      update_(network, options),
      class_weights_(class_weight_tensor(options, network.device())) {
  if (group != nullptr && group->size() > 1) {
    parallel_.emplace(network, update_.parameters(), *group, options.sync_batch_norm);
  } else {
    mlp_ = MlpStep::make(options, network, precision);
  }
}

TrainStep::~TrainStep() = default;

StepResult TrainStep::run(const StepInput& input, std::int64_t step, double rate) {
  const StepResult result = mlp_ ? mlp_->run(input, step) : run_autograd(input, step);
  if (std::isfinite(result.loss)) update_.step(rate, step + 1);
  return result;
}

StepResult TrainStep::run_autograd(const StepInput& input, std::int64_t step) {
  const auto [images, classes] = batch_tensors(input, network_);
  const BatchShard& shard = input.shard;
  network::ForwardContext context{true, precision_, options_.seed, step, shard.own.first, input.cut};
  if (parallel_) context.group = parallel_->norm_group();
  const Tensor logits = network_.forward(mix_images(images, shard.mixing), context);
  const Tensor targets = mix_targets(
      smooth_targets(classes, logits.size(1), options_.label_smoothing, logits.scalar_type()), shard.mixing);
  const Tensor loss = own_loss(logits, targets, shard.images);
  const Tensor correct = logits.argmax(1).eq(classes.narrow(0, 0, shard.own.count)).sum();
  const StepResult own{loss.item().toDouble(), correct.item().toLong(), input.signal};
  const double weight = static_cast<double>(shard.own.count) / static_cast<double>(shard.images);
  return differentiate(loss, own, weight);
}

// The terms of this process in the mean over the global batch; summed over the processes they are the global
// loss.
Tensor TrainStep::own_loss(const Tensor& logits, const Tensor& targets, std::int64_t images) const {
  const std::int64_t own = logits.size(0);
  // Without images the sum is zero, but the mean is NaN.
  Tensor loss = own == 0 ? logits.sum() : cross_entropy(logits, targets, class_weights_);
  if (own != images) loss = loss * (static_cast<double>(own) / static_cast<double>(images));
  if (!first_process_) return loss;  // Rank 0 alone adds the penalty.
  const Tensor penalty = weight_penalty(update_.parameters().tensors());
  return penalty.defined() ? loss + penalty : loss;
}

StepResult TrainStep::differentiate(const Tensor& loss, const StepResult& own, double weight) {
  if (!parallel_ && !std::isfinite(own.loss)) return own;
  if (parallel_) parallel_->begin(own, weight);
  update_.parameters().gradients().zero_();
  loss.backward();
  return parallel_ ? parallel_->finish() : own;
}

bool TrainStep::reads_with_threads(std::int64_t images) const {
  return mlp_ != nullptr && mlp_->is_parallel(images);
}

ReductionReport TrainStep::report() const {
  return parallel_ ? parallel_->report() : ReductionReport{};
}

}  // namespace svhn::train
