#pragma once
/// numpy's legacy random numbers (`numpy.random.RandomState`), for splits identical to scikit-learn's.

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <utility>
#include <vector>

namespace svhn::data {

/// The stream of `numpy.random.RandomState(seed)`, which numpy promises never to change (NEP 19).
/// Both numpy and the C++ standard use Matsumoto and Nishimura's MT19937 and their seeding of 2002.
class NumpyRandom {
 public:
  /// @param seed integer seed of RandomState, 0..2^32-1.
  explicit NumpyRandom(std::uint32_t seed) : words_(seed) {}

  /// @returns a uniform integer in [0, max], by rejection over the bits of `max`.
  std::uint64_t interval(std::uint64_t max);

  /// `RandomState.shuffle` of a one-dimensional array: Fisher-Yates from the end.
  template <class T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[static_cast<std::size_t>(interval(i - 1))]);
    }
  }
  /// `RandomState.permutation(n)`. @returns the integers 0..n-1 in random order.
  std::vector<std::int64_t> permutation(std::size_t n);
  /// `RandomState.choice(items, size, replace=False)`. @param size at most the number of items.
  std::vector<std::int64_t> choice(std::span<const std::int64_t> items, std::size_t size);

 private:
  std::mt19937 words_;
};

}  // namespace svhn::data
