// Three steps of every rule against the published formulas, spelled one number at a time in float64.
#include "train/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace svhn::train {
namespace {

using torch::Tensor;
using Numbers = std::vector<double>;

const Numbers kStart{1.0, -2.0, 0.0, 1e-3};
const std::vector<Numbers> kGradients{
    {0.5, -1.0, 3.0, 1e-9}, {-0.25, -4.0, 0.0, 2e-9}, {0.125, 2.0, -1e-4, -5e-9}};
const Numbers kRates{0.1, 0.05, 0.2};

/// One parameter's path: takes gradient, rate and step number, changes the parameter.
using Rule = std::function<void(double& w, double g, double rate, int t)>;

/// @param make_rule gives a rule with state of its own for each parameter.
void expect_follows(const OptimizerOptions& options, FrameworkCompat compat,
                    const std::function<Rule()>& make_rule) {
  Numbers expected = kStart;
  for (double& w : expected) {
    const Rule rule = make_rule();
    const auto i = static_cast<std::size_t>(&w - expected.data());
    for (int t = 1; t <= 3; ++t)
      rule(w, kGradients[static_cast<std::size_t>(t - 1)][i], kRates[static_cast<std::size_t>(t - 1)], t);
  }
  Tensor values = torch::tensor(kStart, torch::kFloat64);
  const auto optimizer = make_optimizer(options, compat, values);
  for (int t = 1; t <= 3; ++t) {
    const auto at = static_cast<std::size_t>(t - 1);
    optimizer->step(values, torch::tensor(kGradients[at], torch::kFloat64), kRates[at], t);
  }
  const auto* actual = static_cast<const double*>(values.data_ptr());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(actual[i], expected[i], 1e-13 + 1e-12 * std::abs(expected[i])) << "parameter " << i;
  }
}

TEST(Sgd, StepsAgainstTheGradient) {
  for (const auto compat : {FrameworkCompat::keras, FrameworkCompat::torch}) {
    expect_follows({.type = OptimizerType::sgd}, compat,
                   [] { return [](double& w, double g, double rate, int) { w -= rate * g; }; });
  }
}

// keras.io, SGD: velocity = momentum * velocity - learning_rate * g; w = w + velocity.
TEST(Sgd, HasMomentumAsKeras) {
  expect_follows({.type = OptimizerType::sgd, .momentum = 0.9}, FrameworkCompat::keras, [] {
    return [v = 0.0](double& w, double g, double rate, int) mutable {
      v = 0.9 * v - rate * g;
      w += v;
    };
  });
}

// keras.io, SGD with nesterov: w = w + momentum * velocity - learning_rate * g.
TEST(Sgd, HasNesterovMomentumAsKeras) {
  expect_follows({.type = OptimizerType::sgd, .momentum = 0.9, .nesterov = true}, FrameworkCompat::keras, [] {
    return [v = 0.0](double& w, double g, double rate, int) mutable {
      v = 0.9 * v - rate * g;
      w += 0.9 * v - rate * g;
    };
  });
}

// pytorch.org, torch.optim.SGD: b = momentum b + g; g = nesterov ? g + momentum b : b; w -= lr g.
// Keras decays the weights themselves, PyTorch adds the decay to the gradient.
TEST(Sgd, DecaysWeightsAsItsFramework) {
  const OptimizerOptions options{
      .type = OptimizerType::sgd, .momentum = 0.9, .nesterov = true, .weight_decay = 0.3};
  expect_follows(options, FrameworkCompat::keras, [] {
    return [v = 0.0](double& w, double g, double rate, int) mutable {
      w -= rate * 0.3 * w;
      v = 0.9 * v - rate * g;
      w += 0.9 * v - rate * g;
    };
  });
  expect_follows(options, FrameworkCompat::torch, [] {
    return [v = 0.0](double& w, double g, double rate, int) mutable {
      const double decayed = g + 0.3 * w;
      v = 0.9 * v + decayed;
      w -= rate * (decayed + 0.9 * v);
    };
  });
}

TEST(Sgd, HasMomentumAsPyTorch) {
  for (const bool nesterov : {false, true}) {
    expect_follows({.type = OptimizerType::sgd, .momentum = 0.9, .nesterov = nesterov},
                   FrameworkCompat::torch, [=] {
                     return [b = 0.0, nesterov](double& w, double g, double rate, int) mutable {
                       b = 0.9 * b + g;
                       w -= rate * (nesterov ? g + 0.9 * b : b);
                     };
                   });
  }
}

/// Kingma and Ba 2015, the "efficient" order of section 2, which Keras uses: epsilon stands outside of the
/// correction.
Rule keras_adam(double decay) {
  return [m = 0.0, v = 0.0, decay](double& w, double g, double rate, int t) mutable {
    w -= rate * decay * w;
    m = 0.9 * m + 0.1 * g;
    v = 0.99 * v + 0.01 * g * g;
    const double alpha = rate * std::sqrt(1 - std::pow(0.99, t)) / (1 - std::pow(0.9, t));
    w -= alpha * m / (std::sqrt(v) + 1e-3);
  };
}

/// Kingma and Ba 2015, algorithm 1, as PyTorch: bias-corrected moments, epsilon beside them.
Rule torch_adam(double decay) {
  return [m = 0.0, v = 0.0, decay](double& w, double g, double rate, int t) mutable {
    w *= 1 - rate * decay;
    m = 0.9 * m + 0.1 * g;
    v = 0.99 * v + 0.01 * g * g;
    const double m_hat = m / (1 - std::pow(0.9, t)), v_hat = v / (1 - std::pow(0.99, t));
    w -= rate * m_hat / (std::sqrt(v_hat) + 1e-3);
  };
}

TEST(Adam, FollowsKerasAndPyTorch) {
  const OptimizerOptions options{
      .type = OptimizerType::adam, .epsilon = 1e-3, .beta2 = 0.99, .weight_decay = 0.3};
  expect_follows(options, FrameworkCompat::keras, [] { return keras_adam(0.0); });
  expect_follows(options, FrameworkCompat::torch, [] { return torch_adam(0.0); });
}

TEST(AdamW, DecaysWeightsBesideTheGradient) {
  const OptimizerOptions options{
      .type = OptimizerType::adamw, .epsilon = 1e-3, .beta2 = 0.99, .weight_decay = 0.3};
  expect_follows(options, FrameworkCompat::keras, [] { return keras_adam(0.3); });
  expect_follows(options, FrameworkCompat::torch, [] { return torch_adam(0.3); });
}

// Keras 2.11 and later, RMSprop.update_step: the epsilon is inside of the root, the rate inside of the
// momentum.
TEST(RmsProp, FollowsKeras) {
  for (const double momentum : {0.0, 0.8}) {
    expect_follows({.type = OptimizerType::rmsprop, .epsilon = 1e-3, .rho = 0.7, .momentum = momentum},
                   FrameworkCompat::keras, [=] {
                     return [v = 0.0, u = 0.0, momentum](double& w, double g, double rate, int) mutable {
                       v = 0.7 * v + 0.3 * g * g;
                       u = momentum * u + rate * g / std::sqrt(v + 1e-3);
                       w -= u;
                     };
                   });
  }
}

// pytorch.org, torch.optim.RMSprop (alpha is rho): the epsilon outside, the rate applied last.
TEST(RmsProp, FollowsPyTorch) {
  for (const double momentum : {0.0, 0.8}) {
    expect_follows({.type = OptimizerType::rmsprop, .epsilon = 1e-3, .rho = 0.7, .momentum = momentum},
                   FrameworkCompat::torch, [=] {
                     return [v = 0.0, u = 0.0, momentum](double& w, double g, double rate, int) mutable {
                       v = 0.7 * v + 0.3 * g * g;
                       u = momentum * u + g / (std::sqrt(v) + 1e-3);
                       w -= rate * u;
                     };
                   });
  }
}

// By hand, step 1 of Keras' Adam from m = v = 0: g = 2, m = 0.2, v = 0.004, alpha = 0.001 sqrt(0.001) / 0.1,
// and the step is alpha * 0.2 / (sqrt(0.004) + 1e-7) = 0.001 * (1 - 1.58e-6).
TEST(Adam, TakesAFirstStepOfTheLearningRate) {
  Tensor w = torch::zeros({1}, torch::kFloat64);
  make_optimizer({}, FrameworkCompat::keras, w)->step(w, torch::full({1}, 2.0, torch::kFloat64), 1e-3, 1);
  EXPECT_NEAR(w.item().toDouble(), -1e-3 * (1 - 1.5811e-6), 1e-12);
}

TEST(Optimizer, GoesOnFromItsRestoredState) {
  const auto gradient = [](int t) {
    return torch::tensor(kGradients[static_cast<std::size_t>(t - 1)], torch::kFloat64);
  };
  for (const auto& options :
       {OptimizerOptions{.type = OptimizerType::sgd, .momentum = 0.9}, OptimizerOptions{},
        OptimizerOptions{.type = OptimizerType::rmsprop, .momentum = 0.5}}) {
    Tensor whole = torch::tensor(kStart, torch::kFloat64), halted = whole.clone();
    const auto one = make_optimizer(options, FrameworkCompat::keras, whole);
    for (int t = 1; t <= 3; ++t) one->step(whole, gradient(t), 0.1, t);
    const auto before = make_optimizer(options, FrameworkCompat::keras, halted);
    for (int t = 1; t <= 2; ++t) before->step(halted, gradient(t), 0.1, t);
    const auto after = make_optimizer(options, FrameworkCompat::keras, halted);
    const auto saved = before->state(), restored = after->state();
    ASSERT_EQ(saved.size(), restored.size());
    for (std::size_t i = 0; i < saved.size(); ++i) {
      EXPECT_EQ(saved[i].first, restored[i].first);
      restored[i].second.copy_(saved[i].second);
    }
    after->step(halted, gradient(3), 0.1, 3);
    EXPECT_TRUE(halted.equal(whole));
  }
}

TEST(Optimizer, NamesOnlyTheStateItHas) {
  const Tensor like = torch::zeros({2});
  const auto names = [&](const OptimizerOptions& options) {
    std::string text;
    for (const auto& [name, tensor] : make_optimizer(options, FrameworkCompat::keras, like)->state()) {
      EXPECT_EQ(tensor.sizes(), like.sizes());
      text += name + " ";
    }
    return text;
  };
  EXPECT_EQ(names({.type = OptimizerType::sgd}), "");
  EXPECT_EQ(names({.type = OptimizerType::sgd, .momentum = 0.1}), "velocity ");
  EXPECT_EQ(names({.type = OptimizerType::adamw}), "m v ");
  EXPECT_EQ(names({.type = OptimizerType::rmsprop}), "v ");
  EXPECT_EQ(names({.type = OptimizerType::rmsprop, .momentum = 0.1}), "v momentum ");
}

}  // namespace
}  // namespace svhn::train
