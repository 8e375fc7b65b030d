// Against LibTorch's separate operations, at::add and the activation, under autograd: in the tested dtype and
// in float64.
#include "kernels/add_activation.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <limits>

#include "core/error.h"

namespace svhn::kernels {
namespace {

using torch::Tensor;

constexpr BlockActivation kAllActivations[] = {BlockActivation::linear, BlockActivation::relu,
                                               BlockActivation::elu, BlockActivation::selu};
constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

Tensor sum_then_activation(const Tensor& a, const Tensor& b, BlockActivation activation) {
  const Tensor sum = at::add(a, b);
  switch (activation) {
    case BlockActivation::relu:
      return at::relu(sum);
    case BlockActivation::elu:
      return at::elu(sum);
    case BlockActivation::selu:
      return at::selu(sum);
    case BlockActivation::linear:
      break;
  }
  return sum;
}

/// Output, and the gradients of sum(y * seed).
struct SumOutcome {
  Tensor y, da, db;
};

template <class Operation>
SumOutcome differentiate_sum(const Tensor& a, const Tensor& b, const Tensor& seed,
                             const Operation& operation) {
  const Tensor x = a.detach().clone().requires_grad_(), z = b.detach().clone().requires_grad_();
  const Tensor y = operation(x, z);
  const auto gradients = torch::autograd::grad({y}, {x, z}, {seed});
  return {y.detach(), gradients[0], gradients[1]};
}

SumOutcome fused_sum(const Tensor& a, const Tensor& b, const Tensor& seed, BlockActivation activation) {
  return differentiate_sum(
      a, b, seed, [&](const Tensor& x, const Tensor& z) { return add_activation(x, z, activation); });
}

SumOutcome separate_sum(const Tensor& a, const Tensor& b, const Tensor& seed, BlockActivation activation) {
  return differentiate_sum(
      a, b, seed, [&](const Tensor& x, const Tensor& z) { return sum_then_activation(x, z, activation); });
}

/// @param tolerance relative to the largest magnitude.
void expect_near_sum(const Tensor& ours, const Tensor& theirs, double tolerance, const char* what) {
  ASSERT_EQ(ours.sizes(), theirs.sizes()) << what;
  const Tensor reference = theirs.to(torch::kFloat64);
  const double error = (ours.to(torch::kFloat64) - reference).abs().max().item().toDouble();
  EXPECT_LE(error, tolerance * reference.abs().max().item().toDouble()) << what;
}

void expect_near_sums(const SumOutcome& ours, const SumOutcome& theirs, double tolerance) {
  expect_near_sum(ours.y, theirs.y, tolerance, "y");
  expect_near_sum(ours.da, theirs.da, tolerance, "da");
  expect_near_sum(ours.db, theirs.db, tolerance, "db");
}

void expect_same_bits(const Tensor& ours, const Tensor& theirs) {
  ASSERT_EQ(ours.scalar_type(), theirs.scalar_type());
  ASSERT_EQ(ours.sizes(), theirs.sizes());
  const auto bits = [](const Tensor& x) {
    return x.contiguous().view(x.scalar_type() == torch::kFloat32 ? torch::kInt32 : torch::kInt16);
  };
  EXPECT_TRUE(bits(ours).equal(bits(theirs)));
}

/// Random numbers of both signs, some of them with a sum of zero.
struct Summands {
  Tensor a, b, seed;

  explicit Summands(at::IntArrayRef shape, torch::ScalarType dtype = torch::kFloat32) {
    torch::manual_seed(1);
    a = torch::randn(shape).to(dtype);
    b = at::where(torch::rand(shape).lt(0.1), -a, torch::randn(shape).to(dtype));
    seed = torch::randn(shape).to(dtype);
  }
};

TEST(AddActivation, GivesWhatTheSeparateOperationsGive) {
  for (const auto activation : kAllActivations) {
    SCOPED_TRACE(static_cast<int>(activation));
    const Summands s({3, 5, 7, 9});
    const auto wide = [](const Tensor& x) { return x.to(torch::kFloat64); };
    const SumOutcome ours = fused_sum(s.a, s.b, s.seed, activation);
    expect_near_sums(ours, separate_sum(s.a, s.b, s.seed, activation), 1e-6);
    expect_near_sums(ours, separate_sum(wide(s.a), wide(s.b), wide(s.seed), activation), 1e-6);
  }
}

TEST(AddActivation, RoundsBfloat16Once) {
  for (const auto activation : kAllActivations) {
    SCOPED_TRACE(static_cast<int>(activation));
    const Summands s({3, 5, 7, 9}, torch::kBFloat16);
    const auto wide = [](const Tensor& x) { return x.to(torch::kFloat64); };
    const SumOutcome ours = fused_sum(s.a, s.b, s.seed, activation),
                     theirs = separate_sum(wide(s.a), wide(s.b), wide(s.seed), activation);
    // A bfloat16 has 8 bits: one rounding changes a number by 2^-8 of itself at most, two would by more.
    const Tensor error = (wide(ours.y) - theirs.y).abs(), bound = theirs.y.abs() * (1.001 / 256.0) + 1e-6;
    EXPECT_TRUE(error.le(bound).all().item().toBool());
    // The slope comes from the rounded y, and the product is rounded again.
    expect_near_sum(ours.da, theirs.da, 1.0 / 128.0, "da");
    expect_near_sum(ours.db, theirs.db, 1.0 / 128.0, "db");
  }
}

TEST(AddActivation, GivesTheBitsOfRelu) {
  for (const auto dtype : {torch::kFloat32, torch::kBFloat16}) {
    for (const std::int64_t count : {1, 15, 17, 1000, 100003}) {
      const Summands s({count}, dtype);
      const SumOutcome ours = fused_sum(s.a, s.b, s.seed, BlockActivation::relu),
                       theirs = separate_sum(s.a, s.b, s.seed, BlockActivation::relu);
      expect_same_bits(ours.y, theirs.y);
      expect_same_bits(ours.da, theirs.da);
      expect_same_bits(ours.db, theirs.db);
    }
  }
}

TEST(AddActivation, GivesTheBitsOfReluForSpecialNumbers) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity(), kLargest = 3.3e38F, kSmallest = 1e-45F;
  const Tensor numbers = torch::tensor({0.0F, -0.0F, 1.0F, -1.0F, kInfinity, -kInfinity, kLargest, -kLargest,
                                        kSmallest, -kSmallest, 1.0000001F});
  for (const auto dtype : {torch::kFloat32, torch::kBFloat16}) {
    const Tensor rows = numbers.to(dtype).view({-1, 1}).expand({-1, numbers.numel()}).contiguous();
    const Tensor columns = rows.t().contiguous();
    // Gradients that are not finite: relu's zero blocks them.
    const SumOutcome ours = fused_sum(rows, columns, columns, BlockActivation::relu),
                     theirs = separate_sum(rows, columns, columns, BlockActivation::relu);
    const Tensor nan = theirs.y.isnan();  // Infinity - infinity. NaNs have many bit patterns.
    EXPECT_TRUE(ours.y.isnan().equal(nan));
    EXPECT_TRUE(nan.any().item().toBool());
    expect_same_bits(ours.y.masked_fill(nan, 0.0), theirs.y.masked_fill(nan, 0.0));
    expect_same_bits(ours.da, theirs.da);
  }
}

TEST(AddActivation, PassesOnANaN) {
  for (const auto activation : kAllActivations) {
    for (const auto dtype : {torch::kFloat32, torch::kBFloat16}) {
      Tensor a = torch::ones({50}).to(dtype);
      a[3].fill_(std::numeric_limits<double>::quiet_NaN());
      const Tensor nan = add_activation(a, at::ones_like(a), activation).isnan();
      EXPECT_TRUE(nan[3].item().toBool());
      EXPECT_EQ(nan.sum().item().toLong(), 1);
    }
  }
}

TEST(AddActivation, TakesAnyShape) {
  const std::vector<std::vector<std::int64_t>> shapes{
      {}, {1}, {7, 11}, {2, 3, 5}, {2, 3, 4, 5, 6}, {64, 3, 33, 31}, {0, 3, 4, 4}, {0}};
  for (const auto& shape : shapes) {
    const Summands s(shape);
    const SumOutcome ours = fused_sum(s.a, s.b, s.seed, BlockActivation::relu),
                     theirs = separate_sum(s.a, s.b, s.seed, BlockActivation::relu);
    expect_same_bits(ours.y, theirs.y);
    expect_same_bits(ours.da, theirs.da);
  }
}

TEST(AddActivation, KeepsTheMemoryFormatOfA) {
  Summands s({4, 6, 5, 3});
  const SumOutcome theirs = separate_sum(s.a, s.b, s.seed, BlockActivation::selu);
  for (const auto format : {at::MemoryFormat::Contiguous, kChannelsLast}) {
    for (const auto other : {at::MemoryFormat::Contiguous, kChannelsLast}) {
      s.a = s.a.contiguous(format);
      s.b = s.b.contiguous(other);
      s.seed = s.seed.contiguous(other);
      const SumOutcome ours = fused_sum(s.a, s.b, s.seed, BlockActivation::selu);
      EXPECT_TRUE(ours.y.is_contiguous(format));
      expect_near_sums(ours, theirs, 1e-6);
    }
  }
}

TEST(AddActivation, TakesTensorsThatAreNotDense) {
  const Summands s({4, 6, 5, 8});
  const auto even = [](const Tensor& x) { return x.slice(3, 0, 8, 2); };
  const Tensor row = s.b.narrow(0, 0, 1).expand({4, 6, 5, 8});
  expect_same_bits(add_activation(even(s.a), even(row), BlockActivation::relu),
                   at::relu(even(s.a) + even(row)));
  // The gradient of a sum is one number, expanded.
  const Tensor a = s.a.clone().requires_grad_();
  add_activation(a, s.b, BlockActivation::relu).sum().backward();
  EXPECT_TRUE(a.grad().equal((s.a + s.b).gt(0.0).to(torch::kFloat32)));
}

TEST(AddActivation, ComputesOneGradientForBoth) {
  const Summands s({3, 5});
  for (const auto activation : kAllActivations) {
    const Tensor a = s.a.clone().requires_grad_(), b = s.b.clone().requires_grad_();
    const Tensor y = add_activation(a, b, activation);
    const auto both = torch::autograd::grad({y}, {a, b}, {s.seed});
    EXPECT_EQ(both[0].data_ptr(), both[1].data_ptr());
    // Accumulated, they must not share memory.
    add_activation(a, b, activation).backward(s.seed);
    EXPECT_NE(a.grad().data_ptr(), b.grad().data_ptr());
    EXPECT_TRUE(a.grad().equal(both[0]));
  }
}

TEST(AddActivation, DifferentiatesOneOfItsInputsAndATensorTwice) {
  const Summands s({3, 5});
  const SumOutcome theirs = separate_sum(s.a, s.b, s.seed, BlockActivation::elu);
  const Tensor b = s.b.clone().requires_grad_();
  add_activation(s.a, b, BlockActivation::elu).backward(s.seed);
  expect_near_sum(b.grad(), theirs.db, 1e-6, "db");
  const Tensor a = s.a.clone().requires_grad_();
  add_activation(a, a, BlockActivation::relu, true).backward(s.seed);
  EXPECT_TRUE(a.grad().equal(2.0 * s.seed * s.a.gt(0.0)));
}

TEST(AddActivation, WritesIntoAOnlyIfAllowed) {
  for (const auto dtype : {torch::kFloat32, torch::kBFloat16}) {
    const Summands s({3, 5, 70}, dtype);
    const Tensor a = s.a.clone(), b = s.b.clone(), expected = at::relu(a + b);
    EXPECT_NE(add_activation(a, b, BlockActivation::relu).data_ptr(), a.data_ptr());
    EXPECT_TRUE(a.equal(s.a));
    EXPECT_TRUE(b.equal(s.b));
    const Tensor y = add_activation(a, b, BlockActivation::relu, true);
    EXPECT_EQ(y.data_ptr(), a.data_ptr());
    EXPECT_TRUE(y.equal(expected));
    EXPECT_TRUE(b.equal(s.b));
  }
}

TEST(AddActivation, WritesIntoNoMemoryThatOthersRead) {
  const Summands s({6, 8});
  const auto leaves_alone = [&](const Tensor& memory, const Tensor& a, const Tensor& b) {
    const Tensor before = memory.clone(), expected = at::relu(a + b);
    EXPECT_TRUE(add_activation(a, b, BlockActivation::relu, true).equal(expected));
    EXPECT_TRUE(memory.equal(before));
  };
  leaves_alone(s.a, s.a.narrow(0, 1, 3), s.b.narrow(0, 0, 3));  // A view.
  leaves_alone(s.a, s.a, s.a);                                  // Both inputs are one tensor.
  leaves_alone(s.a, s.a.narrow(0, 0, 3), s.a.narrow(0, 1, 3));  // They overlap.
  leaves_alone(s.a, s.a.narrow(0, 0, 1).expand({6, 8}), s.b);   // Several elements in one place.
}

TEST(AddActivation, DifferentiatesInPlace) {
  const Summands s({3, 5, 7});
  for (const auto activation : kAllActivations) {
    const SumOutcome theirs = separate_sum(s.a, s.b, s.seed, activation);
    const SumOutcome ours = differentiate_sum(s.a, s.b, s.seed, [&](const Tensor& a, const Tensor& b) {
      const Tensor own = a * 1.0;
      const Tensor y = add_activation(own, b, activation, true);
      EXPECT_EQ(y.data_ptr(), own.data_ptr());
      return y;
    });
    expect_near_sums(ours, theirs, 1e-6);
  }
}

TEST(AddActivation, LetsAutogradSeeThatAIsOverwritten) {
  for (const bool gradients : {true, false}) {
    const Tensor leaf = torch::randn({8}).requires_grad_();
    const Tensor a = leaf * 1.0, square = a * a;  // Saves a.
    {
      const at::AutoGradMode mode(gradients);
      add_activation(a, torch::ones({8}), BlockActivation::relu, true);
    }
    EXPECT_THROW(square.sum().backward(), c10::Error);
  }
  const Tensor leaf = torch::randn({8}).requires_grad_();
  EXPECT_THROW(add_activation(leaf, leaf.detach().clone(), BlockActivation::relu, true), c10::Error);
}

TEST(AddActivation, TakesNoPartInAutogradWithoutGradients) {
  const Summands s({3, 5});
  EXPECT_FALSE(add_activation(s.a, s.b, BlockActivation::relu).requires_grad());
  const Tensor a = s.a.clone().requires_grad_();
  const torch::NoGradGuard no_grad;
  EXPECT_FALSE(add_activation(a, s.b, BlockActivation::relu).requires_grad());
}

TEST(AddActivation, DoesNotDependOnTheThreads) {
  const Summands s(at::IntArrayRef{300007});
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const SumOutcome one = fused_sum(s.a, s.b, s.seed, BlockActivation::selu);
  at::set_num_threads(3);
  const SumOutcome three = fused_sum(s.a, s.b, s.seed, BlockActivation::selu);
  at::set_num_threads(before);
  expect_same_bits(one.y, three.y);
  expect_same_bits(one.da, three.da);
}

TEST(AddActivation, LeavesToOthersWhatItCannotDo) {
  const auto ones = [](at::IntArrayRef shape, torch::ScalarType dtype = torch::kFloat32) {
    return torch::ones(shape, dtype);
  };
  EXPECT_TRUE(add_activation_supports(ones({2, 3}), ones({2, 3})));
  EXPECT_TRUE(add_activation_supports(ones({0, 3}, torch::kBFloat16), ones({0, 3}, torch::kBFloat16)));
  EXPECT_FALSE(add_activation_supports(ones({2, 3}), ones({1, 3})));
  EXPECT_FALSE(add_activation_supports(ones({2, 3}), ones({2, 3}, torch::kBFloat16)));
  EXPECT_FALSE(add_activation_supports(ones({2}, torch::kFloat64), ones({2}, torch::kFloat64)));
  EXPECT_FALSE(add_activation_supports(ones({2}), ones({2}).to_sparse()));
  EXPECT_THROW(add_activation(ones({2, 3}), ones({3}), BlockActivation::relu), core::Error);
}

}  // namespace
}  // namespace svhn::kernels
