#include "inference/shard.h"

#include <algorithm>

namespace svhn::inference {

Shard shard_of(std::size_t images, std::int64_t batch_size, const distributed::ProcessGroup* group) {
  if (group == nullptr) return {0, images};
  const auto batch = static_cast<std::size_t>(batch_size), batches = (images + batch - 1) / batch;
  const auto rank = static_cast<std::size_t>(group->rank()), size = static_cast<std::size_t>(group->size());
  const std::size_t first = std::min(images, batches * rank / size * batch);
  return {first, std::min(images, batches * (rank + 1) / size * batch) - first};
}

}  // namespace svhn::inference
