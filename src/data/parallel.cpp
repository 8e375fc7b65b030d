#include "data/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace svhn::data {
namespace {

/// State shared by the threads of one call.
struct Shared {
  std::int64_t count;
  const std::function<void(std::int64_t)>& work;
  std::atomic<std::int64_t> next{0};
  std::mutex mutex{};
  std::exception_ptr failure{};
};

void drain(Shared& shared) {
  try {
    for (std::int64_t i = shared.next++; i < shared.count; i = shared.next++) shared.work(i);
  } catch (...) {
    const std::scoped_lock lock(shared.mutex);
    if (!shared.failure) shared.failure = std::current_exception();
    shared.next = shared.count;
  }
}

}  // namespace

void parallel_for(std::int64_t count, unsigned threads, const std::function<void(std::int64_t)>& work) {
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  Shared shared{.count = count, .work = work};
  {
    std::vector<std::jthread> helpers;
    const std::int64_t wanted = std::min<std::int64_t>(threads, count) - 1;
    for (std::int64_t i = 0; i < wanted; ++i) helpers.emplace_back([&shared] { drain(shared); });
    drain(shared);
  }
  if (shared.failure) std::rethrow_exception(shared.failure);
}

}  // namespace svhn::data
