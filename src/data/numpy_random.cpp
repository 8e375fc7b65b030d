#include "data/numpy_random.h"

#include <bit>
#include <numeric>

namespace svhn::data {

std::uint64_t NumpyRandom::interval(std::uint64_t max) {
  if (max == 0) return 0;
  const std::uint64_t mask = ~std::uint64_t{0} >> std::countl_zero(max);
  for (;;) {
    std::uint64_t value = words_();
    // Beyond 32 bits numpy joins two words, the first one as the upper half.
    if (max > 0xFFFFFFFFU) value = (value << 32) | words_();
    if ((value & mask) <= max) return value & mask;
  }
}

std::vector<std::int64_t> NumpyRandom::permutation(std::size_t n) {
  std::vector<std::int64_t> order(n);
  std::iota(order.begin(), order.end(), std::int64_t{0});
  shuffle(std::span(order));
  return order;
}

std::vector<std::int64_t> NumpyRandom::choice(std::span<const std::int64_t> items, std::size_t size) {
  std::vector<std::int64_t> chosen = permutation(items.size());
  chosen.resize(size);
  for (std::int64_t& index : chosen) index = items[static_cast<std::size_t>(index)];
  return chosen;
}

}  // namespace svhn::data
