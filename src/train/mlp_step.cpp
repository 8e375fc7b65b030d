#include "train/mlp_step.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "kernels/dense_steps.h"
#include "metric/label_smoothing.h"
#include "train/loss.h"

namespace svhn::train {
namespace {

std::int64_t classes_of(const network::Network& network) {
  return model::element_count(network.graph().output());
}

/// to = lambda * own + (1 - lambda) * partner.
void mix_row(const float* own, const float* partner, double lambda, float* to, std::int64_t count) {
  const auto a = static_cast<float>(lambda), b = static_cast<float>(1.0 - lambda);
  for (std::int64_t i = 0; i < count; ++i) to[i] = own[i] * a + partner[i] * b;
}

/// CutMix of one image. @param shape C,H,W.
void paste_box(const float* own, const float* partner, const data::Rectangle& box,
               const std::vector<std::int64_t>& shape, float* to) {
  const std::int64_t height = shape[1], width = shape[2];
  std::copy(own, own + model::element_count(shape), to);
  for (std::int64_t line = 0; line < shape[0] * height; ++line) {
    if (line % height < box.top || line % height >= box.top + box.height) continue;
    const std::int64_t at = line * width + box.left;
    std::copy(partner + at, partner + at + box.width, to + at);
  }
}

}  // namespace

std::unique_ptr<MlpStep> MlpStep::make(const TrainOptions& options, const network::Network& network,
                                       kernels::Precision precision) {
  if (precision != kernels::Precision::float32) return nullptr;
  auto engine = network::MlpEngine::make(network);
  if (!engine || !engine->can_train()) return nullptr;
  return std::unique_ptr<MlpStep>(new MlpStep(options, network, std::move(engine)));
}

MlpStep::MlpStep(const TrainOptions& options, const network::Network& network,
                 std::unique_ptr<network::MlpEngine> engine)
    : options_(options), network_(network), engine_(std::move(engine)) {
  for (const double weight : options.class_weights) class_weights_.push_back(static_cast<float>(weight));
  const auto& tensors = network.tensors();
  penalised_ = std::any_of(tensors.begin(), tensors.end(),
                           [](const network::NamedTensor& item) { return item.l1 > 0 || item.l2 > 0; });
}

StepResult MlpStep::run(const StepInput& input, std::int64_t step) {
  const BatchShard& shard = input.shard;
  const std::int64_t classes = classes_of(network_);
  network::ForwardContext context{true, kernels::Precision::float32, options_.seed, step, shard.own.first};
  const float* x = inputs(input);
  const float* logits = engine_->forward(x, shard.own.count, context);
  const float* weights = class_weights_.empty() ? nullptr : class_weights_.data();
  const kernels::RowLoss own =
      kernels::softmax_loss(logits, {targets(input), input.batch.labels.data(), weights},
                            engine_->logit_gradient(), {shard.own.count, classes});
  StepResult result{own.loss, own.right, input.signal};
  if (penalised_ && std::isfinite(own.loss)) result.loss += penalty();
  if (!std::isfinite(result.loss)) return result;
  engine_->backward(x);
  if (penalised_) add_penalty_gradients();
  return result;
}

const float* MlpStep::inputs(const StepInput& input) {
  const auto& partners = input.shard.mixing.partners;
  const float* images = input.batch.pixels.data();
  if (partners.empty()) return images;
  const auto numbers = static_cast<std::int64_t>(input.batch.pixels.size()) / input.batch.size;
  mixed_.resize(partners.size() * static_cast<std::size_t>(numbers));
  const auto& mixing = input.shard.mixing;
  for (std::size_t i = 0; i < partners.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i) * numbers;
    const float *own = images + row, *partner = images + partners[i] * numbers;
    if (mixing.box) {
      paste_box(own, partner, *mixing.box, input.shape, mixed_.data() + row);
    } else {
      mix_row(own, partner, mixing.lambda, mixed_.data() + row, numbers);
    }
  }
  return mixed_.data();
}

const float* MlpStep::targets(const StepInput& input) {
  const std::int64_t classes = classes_of(network_);
  const metric::SmoothedTarget<float> target(options_.label_smoothing, classes);
  const float spread = target.other, top = target.label;
  const auto& mixing = input.shard.mixing;
  const auto own = static_cast<float>(mixing.lambda), other = static_cast<float>(1.0 - mixing.lambda);
  const auto& labels = input.batch.labels;
  targets_.assign(static_cast<std::size_t>(input.shard.own.count * classes), spread);
  for (std::int64_t i = 0; i < input.shard.own.count; ++i) {
    float* row = targets_.data() + i * classes;
    row[labels[i]] = top;
    if (mixing.partners.empty()) continue;
    const std::int64_t partner = labels[mixing.partners[i]];
    if (partner == labels[i]) continue;
    row[labels[i]] = own * top + other * spread;
    row[partner] = own * spread + other * top;
  }
  return targets_.data();
}

double MlpStep::penalty() const {
  const torch::NoGradGuard no_grad;
  return weight_penalty(network_.tensors()).item().toDouble();
}

void MlpStep::add_penalty_gradients() const {
  const torch::NoGradGuard no_grad;
  for (const auto& item : network_.tensors()) {
    torch::Tensor gradient = item.tensor.grad();
    if (item.l1 > 0) gradient.add_(item.tensor.sign(), item.l1);
    if (item.l2 > 0) gradient.add_(item.tensor, 2.0 * item.l2);
  }
}

}  // namespace svhn::train
