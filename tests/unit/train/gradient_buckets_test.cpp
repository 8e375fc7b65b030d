#include "train/gradient_buckets.h"

#include "unit/distributed/thread_group.h"
#include "unit/network/small_network.h"

namespace svhn::train {
namespace {

using distributed::ProcessGroup;
using network::Network;
using torch::Tensor;

std::vector<std::vector<std::int64_t>> planned(const std::vector<std::int64_t>& sizes, std::int64_t least) {
  std::vector<std::vector<std::int64_t>> found;
  for (const GradientBucket& b : plan_buckets(sizes, least)) {
    found.push_back(
        {b.first, b.count, static_cast<std::int64_t>(b.first_tensor), static_cast<std::int64_t>(b.tensors)});
  }
  return found;
}

TEST(PlanBuckets, TakeWholeTensorsFromTheEnd) {
  using Plan = std::vector<std::vector<std::int64_t>>;
  // First number, count, first tensor, tensors; the flat gradient has 10 + 3 + 4 + 5 numbers.
  EXPECT_EQ(planned({10, 3, 4, 5}, 6), (Plan{{13, 9, 2, 2}, {0, 13, 0, 2}}));
  EXPECT_EQ(planned({10, 3, 4, 5}, 5), (Plan{{17, 5, 3, 1}, {10, 7, 1, 2}, {0, 10, 0, 1}}));
  EXPECT_EQ(planned({10, 3, 4, 5}, 1000), (Plan{{0, 22, 0, 4}}));
  EXPECT_EQ(planned({1000}, 1), (Plan{{0, 1000, 0, 1}}));
  EXPECT_TRUE(planned({}, 5).empty());
}

/// Three dense layers of which the last two have more than a bucket's numbers each.
Network wide_network() {
  return {network::any_graph({model::FlattenOp{}, model::DenseOp{.units = 600}, model::DenseOp{.units = 600},
                              model::DenseOp{.units = 600}},
                             {1, 1, 4}),
          1};
}

/// What rank `rank` feeds; another one each.
Tensor input_of(int rank) {
  return at::full({2, 1, 1, 4}, 0.25 * (rank + 1));
}

/// Tells when its sums were started.
struct Watched : distributed::ProcessGroup {
  Watched(ProcessGroup& g, std::vector<std::int64_t>& s) : group(g), started(s) {}
  [[nodiscard]] int rank() const override { return group.rank(); }
  [[nodiscard]] int size() const override { return group.size(); }
  std::unique_ptr<distributed::Work> start_all_reduce(const Tensor& tensor) override {
    started.push_back(tensor.numel());
    return group.start_all_reduce(tensor);
  }
  void broadcast(const Tensor& tensor) override { group.broadcast(tensor); }
  std::vector<std::string> all_gather(const std::string& text) override { return group.all_gather(text); }
  ProcessGroup& group;
  std::vector<std::int64_t>& started;
};

TEST(GradientBuckets, HoldTheSumsOfAllRanks) {
  Network alone = wide_network();
  const FlatParameters expected(alone.tensors());
  for (int rank = 0; rank < 3; ++rank) alone.forward(input_of(rank), {}).sum().backward();
  distributed::run_ranks(3, [&](ProcessGroup& group) {
    Network network = wide_network();
    const FlatParameters flat(network.tensors());
    GradientBuckets buckets(flat, group);
    EXPECT_EQ(buckets.plan().size(), 3U);
    for (int repeat = 0; repeat < 2; ++repeat) {
      flat.gradients().zero_();
      buckets.begin();
      network.forward(input_of(group.rank()), {}).sum().backward();
      buckets.finish();
      EXPECT_TRUE(flat.gradients().allclose(expected.gradients(), 1e-4, 1e-5)) << repeat;
    }
  });
}

TEST(GradientBuckets, AreStartedWhileBackwardRunsFromTheEndOn) {
  distributed::run_ranks(2, [](ProcessGroup& inner) {
    std::vector<std::int64_t> started;
    Watched group(inner, started);
    Network network = wide_network();
    const FlatParameters flat(network.tensors());
    GradientBuckets buckets(flat, group);
    started.clear();
    buckets.begin();
    network.forward(input_of(0), {}).sum().backward();
    // The last layer's, the middle one's with its bias, and what is left: all before `finish`.
    std::vector<std::int64_t> planned;
    for (const auto& bucket : buckets.plan()) planned.push_back(bucket.count);
    EXPECT_EQ(started, planned);
    buckets.finish();
    EXPECT_EQ(started, planned);
  });
}

TEST(GradientBuckets, SumTensorsThatNoGradientReached) {
  distributed::run_ranks(2, [](ProcessGroup& group) {
    Network network = wide_network();
    const FlatParameters flat(network.tensors());
    GradientBuckets buckets(flat, group);
    buckets.begin();
    flat.gradients().fill_(group.rank() + 1.0);
    buckets.finish();
    EXPECT_TRUE(flat.gradients().eq(3.0).all().item().toBool());
  });
}

TEST(GradientBuckets, CarryALostRankOutOfBackward) {
  const auto faults = distributed::run_group(2, [](ProcessGroup& inner) {
    struct Failing : Watched {
      using Watched::Watched;
      std::unique_ptr<distributed::Work> start_all_reduce(const Tensor& tensor) override {
        if (started.size() == 10) throw core::Error(core::ExitCode::device, "rank 1 was lost");
        return Watched::start_all_reduce(tensor);
      }
    };
    std::vector<std::int64_t> started;
    Failing group(inner, started);
    Network network = wide_network();
    const FlatParameters flat(network.tensors());
    GradientBuckets buckets(flat, group);
    ASSERT_EQ(started.size(), 9U) << "three timed rounds of three buckets";
    buckets.begin();
    network.forward(input_of(0), {}).sum().backward();
  });
  for (const auto& fault : faults) {
    ASSERT_TRUE(fault);
    EXPECT_THROW(std::rethrow_exception(fault), core::Error);
  }
}

TEST(GradientBuckets, LeaveATensorsHooksWhenTheyGo) {
  Network network = wide_network();
  const FlatParameters flat(network.tensors());
  distributed::run_ranks(1, [&](ProcessGroup& group) { const GradientBuckets buckets(flat, group); });
  flat.gradients().zero_();
  network.forward(input_of(0), {}).sum().backward();
  EXPECT_GT(flat.gradients().abs().max().item().toDouble(), 0.0);
}

}  // namespace
}  // namespace svhn::train
