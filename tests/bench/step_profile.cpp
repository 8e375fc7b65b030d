// The time of a training step (or of inference), by operation.
//   step_profile CONFIG [--precision float32|bfloat16] [--threads N] [--batch N] [--steps N] [--inference]
//                [--operations]
// Prints images/s of the fastest and the median step, processor seconds a step and page faults a step; with
// --operations also the self time of every LibTorch operation (forward, backward, updates), slowest first.
// The training step is that of `svhn train` (train/step.h). Pixels and labels are random: the time does not
// depend on them.
#include <ATen/Parallel.h>
#include <ATen/record_function.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/run_config.h"
#include "network/fold.h"
#include "train/step.h"

namespace {

using namespace svhn;
using torch::Tensor;
using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

/// Self time of the operations that the main thread runs.
struct Operations {
  struct Frame {
    std::string name;
    Clock::time_point start;
    Clock::duration inner{};
  };
  struct Sum {
    double milliseconds = 0.0;
    std::int64_t calls = 0;
  };
  std::vector<Frame> stack;
  std::map<std::string, Sum> sums;
};

Operations& operations() {
  static Operations one;
  return one;
}

std::string label_of(const at::RecordFunction& function) {
  std::string label = function.name();
  for (const auto& input : function.inputs()) {
    if (!input.isTensor() || !input.toTensor().defined()) continue;
    label += " ";
    for (const auto side : input.toTensor().sizes()) label += std::to_string(side) + ",";
    break;
  }
  return label;
}

std::unique_ptr<at::ObserverContext> on_start(const at::RecordFunction& function) {
  operations().stack.push_back({label_of(function), Clock::now(), {}});
  return nullptr;
}

void on_end(const at::RecordFunction& /*function*/, at::ObserverContext* /*context*/) {
  auto& all = operations();
  const auto frame = all.stack.back();
  all.stack.pop_back();
  const auto whole = Clock::now() - frame.start;
  if (!all.stack.empty()) all.stack.back().inner += whole;
  auto& sum = all.sums[frame.name];
  sum.milliseconds += milliseconds(whole - frame.inner);
  ++sum.calls;
}

struct Arguments {
  std::string config;
  kernels::Precision precision = kernels::Precision::float32;
  int threads = 0;
  std::int64_t batch = 64;
  int steps = 40;
  bool inference = false;
  bool operations = false;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  arguments.config = argv[1];
  for (int i = 2; i < argc; ++i) {
    const std::string_view key = argv[i];
    const auto value = [&] { return std::string(argv[++i]); };
    if (key == "--precision" && value() == "bfloat16") arguments.precision = kernels::Precision::bfloat16;
    if (key == "--threads") arguments.threads = std::stoi(value());
    if (key == "--batch") arguments.batch = std::stoll(value());
    if (key == "--steps") arguments.steps = std::stoi(value());
    arguments.inference |= key == "--inference";
    arguments.operations |= key == "--operations";
  }
  return arguments;
}

class Bench {
 public:
  explicit Bench(const Arguments& arguments)
      : arguments_(arguments),
        config_(config::load_run_config(arguments.config)),
        network_(network::Network(config::plan_run(config_, arguments.config), 1)),
        step_(config_.train, network_, arguments.precision, nullptr) {
    auto shape = network_.input_shape();
    shape.insert(shape.begin(), arguments.batch);
    input_ = torch::rand(shape);
    const auto* pixels = static_cast<const float*>(input_.data_ptr());
    batch_ = {{pixels, pixels + input_.numel()}, {}, {}, arguments.batch};
    for (std::int64_t i = 0; i < arguments.batch; ++i) batch_.labels.push_back(i % 10);
    if (arguments.inference) folded_.emplace(network::fold_batch_norm(std::move(network_)).network);
  }

  void step() { arguments_.inference ? infer() : train(); }

 private:
  void train() {
    const train::BatchShard shard{{0, arguments_.batch}, arguments_.batch, {}, {}};
    step_.run({batch_, shard, network_.input_shape()}, count_++, 1e-3);
  }

  void infer() {
    const torch::NoGradGuard no_grad;
    folded_->forward(input_, {.precision = arguments_.precision});
  }

  Arguments arguments_;
  config::RunConfig config_;
  network::Network network_;
  std::optional<network::Network> folded_;
  train::TrainStep step_;
  Tensor input_;
  data::Batch batch_;
  std::int64_t count_ = 0;
};

double processor_ms(const rusage& usage) {
  const auto of = [](const timeval& time) {
    return 1e3 * static_cast<double>(time.tv_sec) + 1e-3 * static_cast<double>(time.tv_usec);
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

void measure(Bench& bench, const Arguments& arguments) {
  for (int i = 0; i < 5; ++i) bench.step();
  rusage before{}, after{};
  std::vector<double> times;
  ::getrusage(RUSAGE_SELF, &before);
  for (int i = 0; i < arguments.steps; ++i) {
    const auto start = Clock::now();
    bench.step();
    times.push_back(milliseconds(Clock::now() - start));
  }
  ::getrusage(RUSAGE_SELF, &after);
  std::sort(times.begin(), times.end());
  const double best = times.front(), median = times[times.size() / 2];
  const auto rate = [&](double ms) { return 1e3 * static_cast<double>(arguments.batch) / ms; };
  std::printf(
      "step %.2f ms best, %.2f median; images/s %.0f best, %.0f median; processor %.2f ms; faults %ld\n",
      best, median, rate(best), rate(median), (processor_ms(after) - processor_ms(before)) / arguments.steps,
      (after.ru_minflt - before.ru_minflt) / arguments.steps);
}

void print_operations(Bench& bench, int steps) {
  const auto handle =
      at::addThreadLocalCallback(at::RecordFunctionCallback(on_start, on_end).needsInputs(true));
  for (int i = 0; i < steps; ++i) bench.step();
  at::removeCallback(handle);
  std::vector<std::pair<double, std::string>> sorted;
  for (const auto& [name, sum] : operations().sums) sorted.emplace_back(sum.milliseconds / steps, name);
  std::sort(sorted.rbegin(), sorted.rend());
  double total = 0.0;
  for (const auto& item : sorted) total += item.first;
  std::printf("all operations %.2f ms a step\n", total);
  for (const auto& [ms, name] : sorted) {
    if (ms < 0.005 * total) break;
    std::printf("%8.3f ms %5.1f calls  %s\n", ms, static_cast<double>(operations().sums[name].calls) / steps,
                name.c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  try {
    const Arguments arguments = parse(argc, argv);
    kernels::set_threads(arguments.threads);
    kernels::keep_memory();
    Bench bench(arguments);
    measure(bench, arguments);
    if (arguments.operations) print_operations(bench, arguments.steps);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
