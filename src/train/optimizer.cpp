#include "train/optimizer.h"

#include <cmath>
#include <type_traits>

#include "train/optimizer_kernels.h"

namespace svhn::train {
namespace {

using torch::Tensor;
using State = std::vector<std::pair<std::string, Tensor>>;

/// Calls `step` with pointers to the arrays of a kind that the kernels take. @returns whether they take it.
template <class Step>
bool on_cpu(const Tensor& values, const Step& step) {
  if (!values.device().is_cpu()) return false;
  if (values.scalar_type() == torch::kFloat32) {
    step([](const Tensor& flat) { return static_cast<float*>(flat.data_ptr()); });
  } else if (values.scalar_type() == torch::kFloat64) {
    step([](const Tensor& flat) { return static_cast<double*>(flat.data_ptr()); });
  } else {
    return false;
  }
  return true;
}

class Sgd : public Optimizer {
 public:
  Sgd(const OptimizerOptions& options, FrameworkCompat compat, const Tensor& like)
      : options_(options), compat_(compat) {
    if (options.momentum > 0) velocity_ = torch::zeros_like(like);
  }

  void step(const Tensor& values, const Tensor& gradients, double rate, std::int64_t /*step*/) override {
    const SgdNumbers numbers = numbers_at(rate);
    if (!velocity_.defined()) {
      const double keep = numbers.keep - rate * numbers.decay;
      if (keep != 1.0) values.mul_(keep);
      values.add_(gradients, -rate);
      return;
    }
    const bool taken = on_cpu(values, [&](auto at) {
      sgd_step(
          SgdVectors<std::remove_pointer_t<decltype(at(values))>>{at(values), at(velocity_), at(gradients)},
          values.numel(), numbers);
    });
    if (!taken) step_on_device(values, gradients, numbers);
  }

  State state() const override { return velocity_.defined() ? State{{"velocity", velocity_}} : State{}; }

 private:
  /// Keras moves by its velocity, PyTorch by the rate times its own.
  [[nodiscard]] SgdNumbers numbers_at(double rate) const {
    const bool keras = compat_ == FrameworkCompat::keras;
    SgdNumbers numbers{.momentum = options_.momentum, .scale = keras ? -rate : 1.0};
    (keras ? numbers.keep : numbers.decay) =
        keras ? 1.0 - rate * options_.weight_decay : options_.weight_decay;
    const double along = keras ? 1.0 : -rate;
    numbers.velocity_factor = options_.nesterov ? along * options_.momentum : along;
    numbers.gradient_factor = options_.nesterov ? -rate : 0.0;
    return numbers;
  }

  void step_on_device(const Tensor& values, const Tensor& gradients, const SgdNumbers& numbers) {
    const Tensor d = numbers.decay == 0.0 ? gradients : gradients.add(values, numbers.decay);
    velocity_.mul_(numbers.momentum).add_(d, numbers.scale);
    values.mul_(numbers.keep).add_(velocity_, numbers.velocity_factor);
    if (numbers.gradient_factor != 0.0) values.add_(d, numbers.gradient_factor);
  }

  OptimizerOptions options_;
  FrameworkCompat compat_;
  Tensor velocity_;
};

class Adam : public Optimizer {
 public:
  Adam(const OptimizerOptions& options, FrameworkCompat compat, const Tensor& like)
      : options_(options), compat_(compat), m_(torch::zeros_like(like)), v_(torch::zeros_like(like)) {}

  void step(const Tensor& values, const Tensor& gradients, double rate, std::int64_t step) override {
    const auto t = static_cast<double>(step);
    const double first = 1.0 - std::pow(options_.beta1, t);
    const double second = std::sqrt(1.0 - std::pow(options_.beta2, t));
    const bool keras = compat_ == FrameworkCompat::keras;
    AdamNumbers numbers{.beta1 = options_.beta1, .beta2 = options_.beta2, .epsilon = options_.epsilon};
    if (options_.type == OptimizerType::adamw) numbers.keep = 1.0 - rate * options_.weight_decay;
    numbers.rate = keras ? rate * second / first : rate / first;
    numbers.root = keras ? 1.0 : 1.0 / second;
    const bool taken = on_cpu(values, [&](auto at) {
      adam_step(
          AdamVectors<std::remove_pointer_t<decltype(at(values))>>{at(values), at(m_), at(v_), at(gradients)},
          values.numel(), numbers);
    });
    if (!taken) step_on_device(values, gradients, numbers);
  }

  State state() const override { return {{"m", m_}, {"v", v_}}; }

 private:
  void step_on_device(const Tensor& values, const Tensor& gradients, const AdamNumbers& numbers) {
    m_.mul_(numbers.beta1).add_(gradients, 1.0 - numbers.beta1);
    v_.mul_(numbers.beta2).addcmul_(gradients, gradients, 1.0 - numbers.beta2);
    values.mul_(numbers.keep);
    values.addcdiv_(m_, v_.sqrt().mul_(numbers.root).add_(numbers.epsilon), -numbers.rate);
  }

  OptimizerOptions options_;
  FrameworkCompat compat_;
  Tensor m_;
  Tensor v_;
};

class RmsProp : public Optimizer {
 public:
  RmsProp(const OptimizerOptions& options, FrameworkCompat compat, const Tensor& like)
      : options_(options), compat_(compat), v_(torch::zeros_like(like)) {
    if (options.momentum > 0) momentum_ = torch::zeros_like(like);
  }

  void step(const Tensor& values, const Tensor& gradients, double rate, std::int64_t /*step*/) override {
    v_.mul_(options_.rho).addcmul_(gradients, gradients, 1.0 - options_.rho);
    const bool keras = compat_ == FrameworkCompat::keras;
    const Tensor scale = keras ? v_.add(options_.epsilon).sqrt_() : v_.sqrt().add_(options_.epsilon);
    if (!momentum_.defined()) {
      values.addcdiv_(gradients, scale, -rate);
      return;
    }
    momentum_.mul_(options_.momentum).addcdiv_(gradients, scale, keras ? rate : 1.0);
    values.add_(momentum_, keras ? -1.0 : -rate);
  }

  State state() const override {
    State tensors{{"v", v_}};
    if (momentum_.defined()) tensors.emplace_back("momentum", momentum_);
    return tensors;
  }

 private:
  OptimizerOptions options_;
  FrameworkCompat compat_;
  Tensor v_;
  Tensor momentum_;
};

}  // namespace

std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options, FrameworkCompat compat,
                                          const Tensor& like) {
  switch (options.type) {
    case OptimizerType::sgd:
      return std::make_unique<Sgd>(options, compat, like);
    case OptimizerType::rmsprop:
      return std::make_unique<RmsProp>(options, compat, like);
    case OptimizerType::adam:
    case OptimizerType::adamw:
      break;
  }
  return std::make_unique<Adam>(options, compat, like);
}

}  // namespace svhn::train
