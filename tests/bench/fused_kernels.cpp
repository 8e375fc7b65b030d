// The time of fused kernels against that of the operations that they replace, forward and backward.
//   fused_kernels [--threads N] [--rounds N] [--shape N,C,H,W]
// Prints the best and the median milliseconds of both, which take turns, and how many times faster the fused
// one is.
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/add_activation.h"
#include "kernels/hardware.h"
#include "kernels/norm_block.h"

namespace {

using namespace svhn;
using kernels::BlockActivation;
using torch::Tensor;

struct Arguments {
  int threads = 0;
  int rounds = 60;
  std::vector<std::int64_t> shape{64, 64, 32, 32};
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view key = argv[i];
    if (key == "--threads") arguments.threads = std::stoi(argv[i + 1]);
    if (key == "--rounds") arguments.rounds = std::stoi(argv[i + 1]);
    if (key != "--shape") continue;
    arguments.shape.clear();
    std::istringstream text(argv[i + 1]);
    for (std::string side; std::getline(text, side, ',');) arguments.shape.push_back(std::stoll(side));
  }
  return arguments;
}

/// An operation on leaves that require gradients.
struct Contestant {
  std::vector<Tensor> leaves;
  std::function<Tensor(const std::vector<Tensor>&)> forward;
};

struct Times {
  std::vector<double> forward, backward;
};

double milliseconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

void run_once(const Contestant& contestant, const Tensor& seed, Times& times) {
  Tensor y;
  times.forward.push_back(milliseconds([&] { y = contestant.forward(contestant.leaves); }));
  times.backward.push_back(milliseconds([&] { torch::autograd::grad({y}, contestant.leaves, {seed}); }));
}

double quantile(std::vector<double> values, double part) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

void compare(const std::string& name, const Contestant& fused, const Contestant& separate, int rounds) {
  const Tensor seed = at::randn_like(fused.forward(fused.leaves).detach());
  Times ours, theirs;
  for (int i = 0; i < rounds; ++i) {
    run_once(fused, seed, ours);
    run_once(separate, seed, theirs);
  }
  const auto row = [&](const char* pass, const std::vector<double>& a, const std::vector<double>& b) {
    std::printf("%-34s %-8s", name.c_str(), pass);
    for (const double part : {0.0, 0.5}) {
      const double fast = quantile(a, part), slow = quantile(b, part);
      std::printf("  %7.3f %7.3f ms %5.2f times", fast, slow, slow / fast);
    }
    std::printf("\n");
  };
  row("forward", ours.forward, theirs.forward);
  row("backward", ours.backward, theirs.backward);
}

void compare_add(const Arguments& arguments, torch::ScalarType dtype, at::MemoryFormat format) {
  const auto draw = [&] {
    return torch::randn(arguments.shape).to(dtype).contiguous(format).requires_grad_();
  };
  const std::vector<Tensor> leaves{draw(), draw()};
  const auto fused = [](const auto& x) { return kernels::add_activation(x[0], x[1], BlockActivation::relu); };
  const auto separate = [](const auto& x) { return at::add(x[0], x[1]).relu_(); };
  const char* order = format == at::MemoryFormat::Contiguous ? "contiguous" : "channels last";
  compare(std::string("add relu ") + c10::toString(dtype) + " " + order, {leaves, fused}, {leaves, separate},
          arguments.rounds);
}

void compare_norm(const Arguments& arguments, torch::ScalarType dtype, bool pool, BlockActivation after) {
  const std::int64_t channels = arguments.shape[1];
  const std::vector<Tensor> leaves{
      torch::randn(arguments.shape).to(dtype).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_(),
      torch::rand({channels}).requires_grad_(), torch::rand({channels}).requires_grad_()};
  const auto norm = [pool](const auto& x, BlockActivation second) {
    kernels::NormBlock block{.weight = x[1], .bias = x[2], .pool = pool};
    block.after = second;
    kernels::BatchStatistics statistics;
    return kernels::norm_block(x[0], block, statistics);
  };
  const bool relu = after == BlockActivation::relu;
  const auto fused = [&](const auto& x) { return norm(x, after); };
  const auto separate = [&](const auto& x) {
    const Tensor y = norm(x, BlockActivation::linear);
    return relu ? at::relu(y) : at::elu(y);
  };
  compare(std::string("norm ") + (relu ? "relu " : "elu ") + c10::toString(dtype) + (pool ? " pooled" : ""),
          {leaves, fused}, {leaves, separate}, arguments.rounds);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Arguments arguments = parse(argc, argv);
    std::printf("%d threads; fused, separate, best and median\n", kernels::set_threads(arguments.threads));
    kernels::keep_memory();
    for (const auto dtype : {torch::kFloat32, torch::kBFloat16}) {
      for (const auto format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast})
        compare_add(arguments, dtype, format);
      for (const auto after : {BlockActivation::relu, BlockActivation::elu}) {
        for (const bool pool : {false, true}) compare_norm(arguments, dtype, pool, after);
      }
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
