// Compiled where LibTorch has NCCL; not tested on hardware.
#ifndef USE_C10D_NCCL
#define USE_C10D_NCCL  // LibTorch's own header hides the class without it.
#endif

#include <torch/types.h>

#include <chrono>
#include <thread>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#include <utility>

#include "core/clock.h"
#include "distributed/rendezvous.h"
#include "distributed/tcp_store.h"

namespace svhn::distributed {
namespace {

class NcclWork : public Work {
 public:
  NcclWork(c10::intrusive_ptr<c10d::Work> work, std::shared_ptr<Store> store,
           core::Clock::time_point deadline)
      : work_(std::move(work)), store_(std::move(store)), deadline_(deadline) {}

  /// c10d's `wait` only makes the stream wait and returns at once: it would not notice a lost process.
  void wait() override {
    try {
      while (!work_->isCompleted()) {
        if (store_->has_failure() || core::Clock::now() > deadline_) throw store_->find_failure();
        std::this_thread::sleep_for(std::chrono::microseconds(20));
      }
      work_->wait();
    } catch (const core::Error&) {
      throw;
    } catch (const std::exception&) {
      throw store_->find_failure();
    }
  }

 private:
  c10::intrusive_ptr<c10d::Work> work_;
  std::shared_ptr<Store> store_;
  core::Clock::time_point deadline_;
};

class NcclProcessGroup : public ProcessGroup {
 public:
  NcclProcessGroup(c10::intrusive_ptr<c10d::ProcessGroupNCCL> group, std::shared_ptr<Store> store,
                   std::unique_ptr<ProcessGroup> plain, std::chrono::milliseconds timeout)
      : group_(std::move(group)), store_(std::move(store)), plain_(std::move(plain)), timeout_(timeout) {}
  NcclProcessGroup(const NcclProcessGroup&) = delete;
  NcclProcessGroup& operator=(const NcclProcessGroup&) = delete;
  ~NcclProcessGroup() override {
    // Its destructor would wait for operations that a lost process never completes.
    if (store_->has_failure()) group_.release();
  }

  [[nodiscard]] int rank() const override { return plain_->rank(); }
  [[nodiscard]] int size() const override { return plain_->size(); }

  std::unique_ptr<Work> start_all_reduce(const torch::Tensor& tensor) override {
    if (!tensor.is_cuda()) return plain_->start_all_reduce(tensor);
    return start([&] {
      std::vector<at::Tensor> tensors = {tensor};
      return group_->allreduce(tensors);
    });
  }

  void broadcast(const torch::Tensor& tensor) override {
    if (!tensor.is_cuda()) return plain_->broadcast(tensor);
    start([&] {
      std::vector<at::Tensor> tensors = {tensor};
      return group_->broadcast(tensors);
    })->wait();
  }

  std::vector<std::string> all_gather(const std::string& text) override { return plain_->all_gather(text); }

 private:
  template <class Operation>
  std::unique_ptr<Work> start(const Operation& operation) {
    if (store_->has_failure()) throw store_->find_failure();
    try {
      return std::make_unique<NcclWork>(operation(), store_, core::Clock::now() + timeout_);
    } catch (const std::exception&) {
      throw store_->find_failure();
    }
  }

  c10::intrusive_ptr<c10d::ProcessGroupNCCL> group_;
  std::shared_ptr<Store> store_;
  std::unique_ptr<ProcessGroup> plain_;
  std::chrono::milliseconds timeout_;
};

}  // namespace

std::unique_ptr<ProcessGroup> make_nccl_group(const RendezvousOptions& options, std::shared_ptr<Store> store,
                                              std::unique_ptr<ProcessGroup> plain) {
  try {
    auto own = connect_c10d_store(options.launch, false, options.timeout);
    auto prefixed = c10::make_intrusive<c10d::PrefixStore>(options.launch.prefix + "/nccl", std::move(own));
    auto nccl = c10d::ProcessGroupNCCL::Options::create();
    nccl->timeout = options.timeout;
    auto group = c10::make_intrusive<c10d::ProcessGroupNCCL>(prefixed, store->rank(), store->size(), nccl);
    return std::make_unique<NcclProcessGroup>(std::move(group), std::move(store), std::move(plain),
                                              options.timeout);
  } catch (const std::exception&) {
    throw store->find_failure();
  }
}

}  // namespace svhn::distributed
