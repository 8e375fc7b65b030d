/// One process of a group that runs the actions of its arguments, for tests and measurements.
///     group_probe TIMEOUT_MS ACTION...
/// RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT are set as torchrun sets them. "2:fail" is an action of
/// rank 2.

#include <torch/types.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "distributed/rendezvous.h"

namespace {

using namespace svhn;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void print_line(const std::string& text) {
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
}

std::string numbers(const torch::Tensor& tensor) {
  std::string text;
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    text += (i > 0 ? " " : "") + std::to_string(tensor.flatten()[i].item<double>());
  }
  return text;
}

void all_reduces(distributed::ProcessGroup& group) {
  for (const auto dtype : {torch::kFloat, torch::kDouble, torch::kLong}) {
    const auto tensor = torch::arange(3, dtype) + group.rank();
    group.all_reduce(tensor);
    print_line("all_reduce " + numbers(tensor));
  }
  const auto first = torch::full({2, 2}, group.rank() + 1.0);
  const auto second = torch::full({5}, 10.0 * (group.rank() + 1));
  const auto a = group.start_all_reduce(first);
  const auto b = group.start_all_reduce(second);
  b->wait();
  a->wait();
  print_line("two " + numbers(first) + " " + numbers(second));
}

void broadcasts(distributed::ProcessGroup& group) {
  for (const auto dtype : {torch::kFloat, torch::kBFloat16, torch::kBool, torch::kLong}) {
    const auto tensor = torch::full({3}, group.rank() == 0 ? 1 : 0, dtype);
    group.broadcast(tensor);
    print_line("broadcast " + numbers(tensor.to(torch::kDouble)));
  }
  print_line("text " + group.broadcast("rank " + std::to_string(group.rank())));
}

void all_gathers(distributed::ProcessGroup& group) {
  std::string text;
  for (const auto& one : group.all_gather(std::string(static_cast<std::size_t>(group.rank()) * 3, 'x'))) {
    text += "[" + one + "]";
  }
  print_line("all_gather " + text + " " +
             std::to_string(group.all_gather(std::string(100'000, 'a')).back().size()));
  group.barrier();
}

void indices(distributed::Store& store) {
  for (int i = 0; i < 50; ++i) print_line("index " + std::to_string(store.next_index("trials")));
  store.set("of " + std::to_string(store.rank()), "value\n of " + std::to_string(store.rank()));
  print_line("value " + store.get("of " + std::to_string(store.size() - 1)));
  print_line(store.try_get("never") ? "set" : "unset");
}

/// Calls all_reduce until the process is killed or an operation fails.
[[noreturn]] void loop(distributed::ProcessGroup& group, int pause_ms) {
  for (int step = 0;; ++step) {
    group.all_reduce(torch::ones({1000}));
    if (step < 3) print_line("step " + std::to_string(step));
    std::this_thread::sleep_for(std::chrono::milliseconds(pause_ms));
  }
}

void watch(distributed::Store& store) {
  while (store.lost().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  print_line("lost " + std::to_string(store.lost().front()) + " index " +
             std::to_string(store.next_index("q")));
}

/// @returns the shortest of 200 times, in milliseconds.
double best_ms(const std::function<void()>& operation) {
  double best = 1e9;
  for (int i = 0; i < 200; ++i) {
    const auto start = Clock::now();
    operation();
    best = std::min(best, seconds_since(start) * 1e3);
  }
  return best;
}

void bench(distributed::ProcessGroup& group, distributed::Store& store) {
  const auto weights = torch::ones({552'298});
  print_line("all_reduce_552298_ms " + std::to_string(best_ms([&] { group.all_reduce(weights.zero_()); })));
  const auto one = torch::zeros({1});
  print_line("all_reduce_1_ms " + std::to_string(best_ms([&] { group.all_reduce(one); })));
  print_line("barrier_ms " + std::to_string(best_ms([&] { group.barrier(); })));
  print_line("index_ms " + std::to_string(best_ms([&] { store.next_index("b"); })));
}

int act(const std::vector<std::string>& actions, distributed::ProcessGroup* group,
        distributed::Store& store) {
  const std::map<std::string, std::function<void()>> table = {
      {"all_reduce", [&] { all_reduces(*group); }},
      {"broadcast", [&] { broadcasts(*group); }},
      {"all_gather", [&] { all_gathers(*group); }},
      {"indices", [&] { indices(store); }},
      {"loop", [&] { loop(*group, 0); }},
      {"slow_loop", [&] { loop(*group, 300); }},
      {"watch", [&] { watch(store); }},
      {"bench", [&] { bench(*group, store); }},
      {"sleep", [] { std::this_thread::sleep_for(std::chrono::seconds(60)); }},
      {"fail", [] { throw core::Error(core::ExitCode::data, "row 7 is damaged", "make it again"); }},
  };
  for (const auto& action : actions) table.at(action)();
  return 0;
}

/// @returns the actions of this rank: those without a rank, and "RANK:ACTION".
std::vector<std::string> own_actions(int argc, char** argv, int rank) {
  std::vector<std::string> actions;
  const std::string mine = std::to_string(rank) + ":";
  for (int i = 2; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.find(':') == std::string::npos) actions.push_back(word);
    if (word.starts_with(mine)) actions.push_back(word.substr(mine.size()));
  }
  return actions;
}

int run(int argc, char** argv, distributed::Store& store, const distributed::RendezvousOptions& options) {
  const auto start = Clock::now();
  auto actions = own_actions(argc, argv, store.rank());
  const bool alone = !actions.empty() && actions.front() == "alone";
  if (alone) actions.erase(actions.begin());
  try {
    auto group =
        alone ? nullptr : distributed::init_process_group(options, {&store, [](auto*) {}}, torch::kCPU);
    print_line("joined " + std::to_string(seconds_since(start) * 1e3) + " ms");
    act(actions, group.get(), store);
    store.leave();
    return 0;
  } catch (const core::Error& error) {
    store.fail(error);
    throw;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  int code = 0;
  try {
    distributed::RendezvousOptions options;
    options.launch = core::read_launch([](const char* name) { return std::getenv(name); });
    options.timeout = std::chrono::milliseconds(std::atoi(argv[1]));
    const auto start = Clock::now();
    const auto store = distributed::rendezvous(options);
    print_line("met " + std::to_string(seconds_since(start) * 1e3) + " ms");
    code = run(argc, argv, *store, options);
  } catch (const core::Error& error) {
    std::fprintf(stderr, "error: %s\nhint: %s\n", error.what(), error.hint().c_str());
    code = static_cast<int>(error.code());
  }
  std::fflush(nullptr);
  if (code != 0) std::_Exit(code);
  return 0;
}
