#include "inference/loading.h"

#include <ATen/Parallel.h>

#include <algorithm>

namespace svhn::inference {
namespace {

constexpr std::int64_t kImagesPerThread = 8;  // Some 8 us of one core.

}  // namespace

data::BatchOptions loading(std::int64_t batch_size, bool with_threads) {
  data::BatchOptions options{.batch_size = batch_size, .prefetch = !with_threads};
  if (!with_threads) return options;
  options.spread = [](std::int64_t count, const auto& part) {
    at::parallel_for(0, count, kImagesPerThread, part);
  };
  return options;
}

Shard shard_of(std::size_t images, std::int64_t batch_size, const distributed::ProcessGroup* group) {
  if (group == nullptr) return {0, images};
  const auto batch = static_cast<std::size_t>(batch_size), batches = (images + batch - 1) / batch;
  const auto rank = static_cast<std::size_t>(group->rank()), size = static_cast<std::size_t>(group->size());
  const std::size_t first = std::min(images, batches * rank / size * batch);
  return {first, std::min(images, batches * (rank + 1) / size * batch) - first};
}

}  // namespace svhn::inference
