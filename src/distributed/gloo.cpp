#ifndef USE_C10D_GLOO
#define USE_C10D_GLOO  // LibTorch's own header hides the class without it.
#endif

#include <torch/types.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <utility>

#include "distributed/rendezvous.h"
#include "distributed/tcp_store.h"

namespace svhn::distributed {
namespace {

using WorkPointer = c10::intrusive_ptr<c10d::Work>;

/// Set by the thread that completes an operation.
struct Completion {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
};

class GlooWork : public Work {
 public:
  GlooWork(WorkPointer work, std::shared_ptr<Store> store)
      : work_(std::move(work)), store_(std::move(store)), completion_(std::make_shared<Completion>()) {
    work_->getFuture()->addCallback([completion = completion_](c10::ivalue::Future& /*future*/) {
      const std::lock_guard lock(completion->mutex);
      completion->done = true;
      completion->changed.notify_all();
    });
  }

  /// Polls for a failure notice, since the operation may hang on one process after another one has failed.
  void wait() override {
    constexpr std::chrono::milliseconds kPollInterval{100};
    std::unique_lock lock(completion_->mutex);
    while (!completion_->changed.wait_for(lock, kPollInterval, [this] { return completion_->done; })) {
      if (store_->has_failure()) throw store_->find_failure();
    }
    try {
      work_->wait();
    } catch (const std::exception&) {
      throw store_->find_failure();
    }
  }

 private:
  WorkPointer work_;
  std::shared_ptr<Store> store_;
  std::shared_ptr<Completion> completion_;
};

class GlooProcessGroup : public ProcessGroup {
 public:
  GlooProcessGroup(c10::intrusive_ptr<c10d::ProcessGroupGloo> group, std::shared_ptr<Store> store)
      : group_(std::move(group)), store_(std::move(store)) {}
  GlooProcessGroup(const GlooProcessGroup&) = delete;
  GlooProcessGroup& operator=(const GlooProcessGroup&) = delete;
  ~GlooProcessGroup() override {
    // Its destructor would wait for operations that a lost process never completes.
    if (store_->has_failure()) group_.release();
  }

  [[nodiscard]] int rank() const override { return store_->rank(); }
  [[nodiscard]] int size() const override { return store_->size(); }

  std::unique_ptr<Work> start_all_reduce(const torch::Tensor& tensor) override {
    return start([&] {
      std::vector<at::Tensor> tensors = {tensor};
      return group_->allreduce(tensors);
    });
  }

  void broadcast(const torch::Tensor& tensor) override {
    // As bytes, since Gloo does not support every dtype.
    const auto bytes =
        at::from_blob(tensor.data_ptr(), {static_cast<std::int64_t>(tensor.nbytes())}, at::kByte);
    if (bytes.numel() == 0) return;
    start([&] {
      std::vector<at::Tensor> tensors = {bytes};
      return group_->broadcast(tensors);
    })->wait();
  }

  std::vector<std::string> all_gather(const std::string& text) override {
    const auto length = static_cast<std::int64_t>(text.size());
    const auto lengths = all_gather(torch::full({1}, length, torch::kLong));
    std::int64_t longest = 0;
    for (const auto& one : lengths) longest = std::max(longest, one.item<std::int64_t>());
    std::vector<std::string> texts(lengths.size());
    if (longest == 0) return texts;
    auto padded = torch::zeros({longest}, torch::kByte);
    std::ranges::copy(text, static_cast<char*>(padded.data_ptr()));
    const auto all = all_gather(padded);
    for (std::size_t i = 0; i < all.size(); ++i) {
      texts[i].assign(static_cast<const char*>(all[i].data_ptr()),
                      static_cast<std::size_t>(lengths[i].item<std::int64_t>()));
    }
    return texts;
  }

 private:
  std::vector<at::Tensor> all_gather(at::Tensor tensor) {
    std::vector<std::vector<at::Tensor>> outputs(1);
    for (int i = 0; i < size(); ++i) outputs[0].push_back(at::empty_like(tensor));
    std::vector<at::Tensor> inputs = {std::move(tensor)};
    start([&] { return group_->allgather(outputs, inputs); })->wait();
    return outputs[0];
  }

  template <class Operation>
  std::unique_ptr<Work> start(const Operation& operation) {
    if (store_->has_failure()) throw store_->find_failure();
    try {
      return std::make_unique<GlooWork>(operation(), store_);
    } catch (const std::exception&) {
      throw store_->find_failure();
    }
  }

  c10::intrusive_ptr<c10d::ProcessGroupGloo> group_;
  std::shared_ptr<Store> store_;
};

std::shared_ptr<gloo::transport::Device> listen_on(const std::string& address) {
  try {
    return c10d::ProcessGroupGloo::createDeviceForHostname(address);
  } catch (const std::exception&) {
    throw core::Error(core::ExitCode::device, "cannot listen on " + address + " for the other processes",
                      "--bind names an address or interface of this machine");
  }
}

}  // namespace

std::unique_ptr<ProcessGroup> make_gloo_group(const RendezvousOptions& options,
                                              std::shared_ptr<Store> store) {
  const auto device = listen_on(options.launch.bind);
  try {
    auto own = connect_c10d_store(options.launch, false, options.timeout);
    auto prefixed = c10::make_intrusive<c10d::PrefixStore>(options.launch.prefix + "/gloo", std::move(own));
    // Finding the lost ranks takes a few seconds, which the timeout includes.
    const auto limit = std::max(options.timeout / 2, options.timeout - std::chrono::seconds(6));
    auto gloo = c10d::ProcessGroupGloo::Options::create(limit);
    gloo->devices = {device};
    gloo->threads = 2;
    return std::make_unique<GlooProcessGroup>(
        c10::make_intrusive<c10d::ProcessGroupGloo>(prefixed, store->rank(), store->size(), gloo),
        std::move(store));
  } catch (const std::exception&) {
    throw store->find_failure();
  }
}

}  // namespace svhn::distributed
