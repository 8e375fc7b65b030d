#include "train/optimizer.h"

#include <cmath>

#include "train/adam_kernel.h"

namespace svhn::train {
namespace {

using torch::Tensor;
using State = std::vector<std::pair<std::string, Tensor>>;

class Sgd : public Optimizer {
 public:
  Sgd(const OptimizerOptions& options, FrameworkCompat compat, const Tensor& like)
      : options_(options), compat_(compat) {
    if (options.momentum > 0) velocity_ = torch::zeros_like(like);
  }

  void step(const Tensor& values, const Tensor& gradients, double rate, std::int64_t /*step*/) override {
    if (!velocity_.defined()) {
      values.add_(gradients, -rate);
    } else if (compat_ == FrameworkCompat::keras) {
      keras_step(values, gradients, rate);
    } else {
      torch_step(values, gradients, rate);
    }
  }

  State state() const override { return velocity_.defined() ? State{{"velocity", velocity_}} : State{}; }

 private:
  void keras_step(const Tensor& values, const Tensor& gradients, double rate) {
    velocity_.mul_(options_.momentum).add_(gradients, -rate);
    if (options_.nesterov) {
      values.add_(velocity_, options_.momentum).add_(gradients, -rate);
    } else {
      values.add_(velocity_);
    }
  }

  void torch_step(const Tensor& values, const Tensor& gradients, double rate) {
    velocity_.mul_(options_.momentum).add_(gradients);
    values.add_(velocity_, options_.nesterov ? -rate * options_.momentum : -rate);
    if (options_.nesterov) values.add_(gradients, -rate);
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
    if (values.device().is_cpu() && values.scalar_type() == torch::kFloat32) {
      step_on_cpu<float>(values, gradients, numbers);
    } else if (values.device().is_cpu() && values.scalar_type() == torch::kFloat64) {
      step_on_cpu<double>(values, gradients, numbers);
    } else {
      step_on_device(values, gradients, numbers);
    }
  }

  State state() const override { return {{"m", m_}, {"v", v_}}; }

 private:
  template <class T>
  void step_on_cpu(const Tensor& values, const Tensor& gradients, const AdamNumbers& numbers) {
    const auto at = [](const Tensor& flat) { return static_cast<T*>(flat.data_ptr()); };
    adam_step(AdamVectors<T>{at(values), at(m_), at(v_), at(gradients)}, values.numel(), numbers);
  }

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
