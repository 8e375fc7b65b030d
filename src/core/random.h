#pragma once
/// Counter-based random numbers: a number depends only on its key and counter, never on numbers drawn before,
/// so the number of threads or processes and a resume cannot change it.
/// @see Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011, section 4 (Philox4x32-10).

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace svhn::core {

/// One block of Philox4x32 with 10 rounds.
/// @param counter position in the stream, four 32-bit words.
/// @param key selects the stream, two 32-bit words.
/// @returns four uniform 32-bit words.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

/// 64-bit FNV-1a hash of a name; gives each purpose ("shuffle", "dropout", a layer's name) a separate stream.
std::uint64_t stream_id(std::string_view name);

/// A stream of random numbers identified by (seed, stream, index); cheap to construct, e.g. one per image.
class CounterRandom {
 public:
  /// @param seed the run's seed.
  /// @param stream the purpose, see `stream_id`.
  /// @param index which item of that purpose, e.g. an epoch or an image's row.
  CounterRandom(std::uint64_t seed, std::uint64_t stream, std::uint64_t index = 0);

  /// @returns a uniform 32-bit word.
  std::uint32_t next_u32();
  /// @returns a uniform 64-bit word.
  std::uint64_t next_u64();
  /// @returns a uniform double in [0, 1) with 53 random bits.
  double uniform();
  /// @returns a uniform double in [low, high).
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// @param bound at least 1.
  /// @returns an unbiased integer in [0, bound) (Lemire's rejection method).
  std::uint64_t below(std::uint64_t bound);
  /// @returns a standard normal deviate (Box-Muller, both halves used).
  double normal();

 private:
  void refill();

  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  int used_ = 4;
  bool has_spare_ = false;
  double spare_ = 0.0;
};

/// @returns the numbers 0..n-1 in a uniformly random order (Fisher-Yates).
std::vector<std::int64_t> random_permutation(std::int64_t n, CounterRandom& random);

}  // namespace svhn::core
