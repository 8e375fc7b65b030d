#pragma once
/// A process group whose ranks are threads of the test, for tests of collective operations.

#include <gtest/gtest.h>
#include <torch/types.h>

#include <condition_variable>
#include <exception>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <thread>

#include "core/error.h"
#include "distributed/process_group.h"

namespace svhn::distributed {

/// Exchanges the threads' data: operation k of one rank is operation k of all.
class Exchange {
 public:
  explicit Exchange(int size) : size_(static_cast<std::size_t>(size)) {}

  struct Operation {
    std::map<int, torch::Tensor> tensors;  // By rank.
    std::map<int, std::string> texts;
  };

  void post(std::size_t k, int rank, const torch::Tensor& tensor, const std::string& text) {
    const std::lock_guard lock(mutex_);
    operations_[k].tensors[rank] = tensor;
    operations_[k].texts[rank] = text;
    changed_.notify_all();
  }

  Operation wait(std::size_t k) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return lost_ >= 0 || operations_[k].texts.size() == size_; });
    if (operations_[k].texts.size() == size_) return operations_[k];
    throw core::Error(core::ExitCode::device, "rank " + std::to_string(lost_) + " was lost");
  }

  void lose(int rank) {
    const std::lock_guard lock(mutex_);
    if (lost_ < 0) lost_ = rank;
    changed_.notify_all();
  }

 private:
  std::size_t size_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::size_t, Operation> operations_;
  int lost_ = -1;
};

/// The group of one thread. The tensor of an all_reduce holds NaN or -77 until `wait`.
class ThreadGroup : public ProcessGroup {
 public:
  ThreadGroup(Exchange& exchange, int rank, int size) : exchange_(exchange), rank_(rank), size_(size) {}

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return size_; }

  std::unique_ptr<Work> start_all_reduce(const torch::Tensor& tensor) override {
    const torch::NoGradGuard no_grad;
    EXPECT_TRUE(tensor.is_contiguous());
    exchange_.post(next_, rank_, tensor.clone(), {});
    torch::Tensor invalid = tensor;
    invalid.fill_(tensor.is_floating_point() ? std::numeric_limits<double>::quiet_NaN() : -77.0);
    return std::make_unique<AllReduceWork>(exchange_, next_++, tensor);
  }
  void broadcast(const torch::Tensor& tensor) override {
    const torch::NoGradGuard no_grad;
    exchange_.post(next_, rank_, tensor.clone(), {});
    torch::Tensor target = tensor;
    target.copy_(exchange_.wait(next_++).tensors.at(0));
  }
  std::vector<std::string> all_gather(const std::string& text) override {
    exchange_.post(next_, rank_, {}, text);
    std::vector<std::string> texts;
    for (auto& [rank, one] : exchange_.wait(next_++).texts) texts.push_back(one);
    return texts;
  }

 private:
  struct AllReduceWork : Work {
    AllReduceWork(Exchange& m, std::size_t operation, torch::Tensor t)
        : exchange(m), k(operation), tensor(std::move(t)) {}
    void wait() override {
      const torch::NoGradGuard no_grad;
      const auto all = exchange.wait(k).tensors;
      torch::Tensor sum = all.at(0).clone();
      for (std::size_t rank = 1; rank < all.size(); ++rank) {
        const torch::Tensor& other = all.at(static_cast<int>(rank));
        EXPECT_EQ(other.sizes(), sum.sizes()) << "the ranks are not at the same operation";
        sum.add_(other);
      }
      tensor.copy_(sum);
    }
    Exchange& exchange;
    std::size_t k;
    torch::Tensor tensor;
  };

  Exchange& exchange_;
  int rank_;
  int size_;
  std::size_t next_ = 0;
};

/// Runs `body` on `size` threads, each with its group. @returns the exception of each rank, or null.
inline std::vector<std::exception_ptr> run_group(int size, const std::function<void(ProcessGroup&)>& body) {
  Exchange exchange(size);
  std::vector<std::exception_ptr> faults(static_cast<std::size_t>(size));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      ThreadGroup group(exchange, rank, size);
      try {
        body(group);
      } catch (...) {
        faults[static_cast<std::size_t>(rank)] = std::current_exception();
        exchange.lose(rank);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  return faults;
}

/// As run_group, where no rank may throw. @throws the cause, rather than the losses that it caused on others.
inline void run_ranks(int size, const std::function<void(ProcessGroup&)>& body) {
  std::exception_ptr loss;
  for (const auto& fault : run_group(size, body)) {
    try {
      if (fault) std::rethrow_exception(fault);
    } catch (const core::Error& error) {
      if (error.code() != core::ExitCode::device) throw;
      loss = fault;
    }
  }
  if (loss) std::rethrow_exception(loss);
}

}  // namespace svhn::distributed
