#include "train/step.h"

#include <cmath>
#include <utility>

#include "train/loss.h"
#include "train/mixup.h"
#include "train/mlp_step.h"

namespace svhn::train {
namespace {

using torch::Tensor;

Tensor class_weight_tensor(const TrainOptions& options, const torch::Device& device) {
  if (options.class_weights.empty()) return {};
  return torch::tensor(options.class_weights, torch::kFloat64).to(device, torch::kFloat32);
}

/// @returns inputs [n,...] in the network's type and class indices [n], on its device; borrowed from the
/// batch where they can be.
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
    direct_ = MlpStep::make(options, network, precision);
  }
}

TrainStep::~TrainStep() = default;

StepResult TrainStep::run(const StepInput& input, std::int64_t step, double rate) {
  const StepResult result = direct_ ? direct_->run(input, step) : run_anything(input, step);
  if (std::isfinite(result.loss)) update_.step(rate, step + 1);
  return result;
}

StepResult TrainStep::run_anything(const StepInput& input, std::int64_t step) {
  const auto [held, classes] = batch_tensors(input, network_);
  const BatchShard& share = input.share;
  network::ForwardContext context{true, precision_, options_.seed, step, share.own.first, input.cut};
  if (parallel_) context.group = parallel_->norm_group();
  const Tensor logits = network_.forward(mix(held, share.mixing), context);
  const Tensor targets = mix(
      smooth_targets(classes, logits.size(1), options_.label_smoothing, logits.scalar_type()), share.mixing);
  const Tensor loss = own_loss(logits, targets, share.images);
  const Tensor right = logits.argmax(1).eq(classes.narrow(0, 0, share.own.count)).sum();
  const StepResult own{loss.item().toDouble(), right.item().toLong(), input.signal};
  const double weight = static_cast<double>(share.own.count) / static_cast<double>(share.images);
  return differentiate(loss, own, weight);
}

/// Its terms of the mean over all images; the processes' add up to the global loss.
Tensor TrainStep::own_loss(const Tensor& logits, const Tensor& targets, std::int64_t images) const {
  const std::int64_t own = logits.size(0);
  // A sum over no image is zero, its mean is not a number.
  Tensor loss = own == 0 ? logits.sum() : cross_entropy(logits, targets, class_weights_);
  if (own != images) loss = loss * (static_cast<double>(own) / static_cast<double>(images));
  if (!first_process_) return loss;  // Penalties count once.
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
  return direct_ != nullptr && direct_->is_parallel(images);
}

ReductionReport TrainStep::report() const {
  return parallel_ ? parallel_->report() : ReductionReport{};
}

}  // namespace svhn::train
