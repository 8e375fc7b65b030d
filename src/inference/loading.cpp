#include "inference/loading.h"

#include <ATen/Parallel.h>

namespace svhn::inference {
namespace {

constexpr std::int64_t kImagesOfAThread = 8;  ///< Some 8 us of one core.

}  // namespace

data::BatchOptions loading(std::int64_t batch_size, bool with_threads) {
  data::BatchOptions options{.batch_size = batch_size, .prefetch = !with_threads};
  if (!with_threads) return options;
  options.spread = [](std::int64_t count, const auto& part) {
    at::parallel_for(0, count, kImagesOfAThread, part);
  };
  return options;
}

}  // namespace svhn::inference
