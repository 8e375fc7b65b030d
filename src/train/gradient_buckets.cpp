#include "train/gradient_buckets.h"

#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <utility>

#include "core/clock.h"

namespace svhn::train {
namespace {

// A shared pointer whose type differs between LibTorch versions.
using NodePointer = decltype(torch::autograd::impl::grad_accumulator(std::declval<const torch::Tensor&>()));
using torch::autograd::variable_list;

// Large enough to make the cost of a call (about 0.1 ms on one machine) negligible, and small enough to
// reduce most gradients before backward ends.
constexpr std::int64_t kBucketBytes = std::int64_t{1} << 20;

std::vector<std::int64_t> sizes_of(const FlatParameters& parameters) {
  std::vector<std::int64_t> sizes;
  for (const auto& item : parameters.tensors()) sizes.push_back(item.tensor.numel());
  return sizes;
}

}  // namespace

std::vector<GradientBucket> plan_buckets(std::span<const std::int64_t> sizes, std::int64_t at_least) {
  std::vector<GradientBucket> buckets;
  std::int64_t end = 0;
  for (const std::int64_t size : sizes) end += size;
  for (std::size_t i = sizes.size(); i-- > 0;) {
    if (buckets.empty() || buckets.back().count >= at_least) buckets.push_back({end, 0, i + 1, 0});
    GradientBucket& bucket = buckets.back();
    end -= sizes[i];
    bucket = {end, bucket.count + sizes[i], i, bucket.tensors + 1};
  }
  return buckets;
}

// Autograd calls it when a tensor's gradient is complete.
struct GradientBuckets::Hook : torch::autograd::FunctionPostHook {
  GradientBuckets* owner;
  std::size_t bucket;

  Hook(GradientBuckets* o, std::size_t b) : owner(o), bucket(b) {}
  variable_list operator()(const variable_list& outputs, const variable_list& /*inputs*/) override {
    owner->ready(bucket);
    return outputs;
  }
};

// The hooks belong to the nodes that accumulate the gradients; tensors do not keep these nodes alive.
struct GradientBuckets::Hooks {
  struct Handle {
    NodePointer node;
    std::uintptr_t key;
  };
  std::vector<Handle> handles;

  Hooks() = default;
  Hooks(const Hooks&) = delete;
  Hooks& operator=(const Hooks&) = delete;
  ~Hooks() {
    for (const Handle& handle : handles) handle.node->del_post_hook(handle.key);
  }
  void add(const torch::Tensor& tensor, std::unique_ptr<Hook> hook) {
    auto node = torch::autograd::impl::grad_accumulator(tensor);
    const auto key = node->add_post_hook(std::move(hook));
    handles.push_back({std::move(node), key});
  }
};

GradientBuckets::GradientBuckets(const FlatParameters& parameters, distributed::ProcessGroup& group)
    : group_(group),
      buckets_(plan_buckets(sizes_of(parameters), kBucketBytes / parameters.gradients().element_size())),
      hooks_(std::make_unique<Hooks>()) {
  for (std::size_t b = 0; b < buckets_.size(); ++b) {
    const GradientBucket& bucket = buckets_[b];
    parts_.push_back(parameters.gradients().narrow(0, bucket.first, bucket.count));
    for (std::size_t i = 0; i < bucket.tensors; ++i) {
      hooks_->add(parameters.tensors()[bucket.first_tensor + i].tensor, std::make_unique<Hook>(this, b));
    }
  }
  time_all_reduce();
}

GradientBuckets::~GradientBuckets() = default;

void GradientBuckets::begin() {
  missing_.clear();
  for (const GradientBucket& bucket : buckets_) missing_.push_back(bucket.tensors);
  pending_.clear();
}

void GradientBuckets::ready(std::size_t bucket) {
  if (bucket >= missing_.size() || missing_[bucket] == 0) return;  // Another backward pass.
  --missing_[bucket];
  while (pending_.size() < buckets_.size() && missing_[pending_.size()] == 0) start_next();
}

void GradientBuckets::start_next() {
  pending_.push_back(group_.start_all_reduce(parts_[pending_.size()]));
}

double GradientBuckets::finish() {
  while (pending_.size() < buckets_.size()) start_next();  // Their tensors have no gradient.
  const auto start = core::Clock::now();
  for (const auto& pending : pending_) pending->wait();
  missing_.clear();
  pending_.clear();
  return core::seconds_since(start);
}

void GradientBuckets::time_all_reduce() {
  constexpr int kRounds = 3;  // The first one opens connections.
  for (int round = 0; round < kRounds; ++round) {
    group_.barrier();
    const auto start = core::Clock::now();
    begin();
    finish();
    const double seconds = core::seconds_since(start);
    all_reduce_seconds_ = round == 0 ? seconds : std::min(all_reduce_seconds_, seconds);
  }
}

}  // namespace svhn::train
