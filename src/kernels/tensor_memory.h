#pragma once
/// Raw memory of tensors, and deterministic parallel sums over it. bfloat16 is std::uint16_t here.

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace svhn::kernels {

using Floats = std::vector<float>;

inline constexpr std::int64_t kGrainSize = 32768;  ///< Numbers per thread; with fewer a thread does not pay.
inline constexpr std::int64_t kStripPixels = 64;   ///< Pixels that are added up in float, before double.

/// @returns the first element of x.
template <class T>
T* numbers_in(const torch::Tensor& x) {
  return static_cast<T*>(x.data_ptr());
}

/// Calls `work` with a value of x's element type: float, or std::uint16_t for bfloat16.
template <class Work>
void with_type(const torch::Tensor& x, const Work& work) {
  if (x.scalar_type() == torch::kFloat32) return work(float{});
  work(std::uint16_t{});
}

/// Converts `count` numbers to float; defined in norm_kernels.cpp, as `narrow`.
void widen(const float* in, float* out, std::int64_t count);
void widen(const std::uint16_t* in, float* out, std::int64_t count);
/// Converts `count` numbers from float.
void narrow(const float* in, float* out, std::int64_t count);
void narrow(const float* in, std::uint16_t* out, std::int64_t count);

/// @returns the buffer in which a row is computed: the output itself if it is float, else `scratch`.
inline float* float_row(float* out, float* /*scratch*/) {
  return out;
}
inline float* float_row(std::uint16_t* /*out*/, float* scratch) {
  return scratch;
}
/// Converts a row from `float_row`'s buffer to the output.
inline void store_row(const float* /*row*/, float* /*out*/, std::int64_t /*count*/) {}
inline void store_row(const float* row, std::uint16_t* out, std::int64_t count) {
  narrow(row, out, count);
}

/// Sums in parallel over parts of fixed size, then adds the parts in order: the number of threads does not
/// change the result.
/// @param units rows or strips of `unit_numbers` numbers each.
/// @param sum_part called with (begin, end, sums); adds the sums of units [begin, end) to `numbers` doubles.
/// @returns the `numbers` sums.
template <class SumPart>
std::vector<double> sum_in_parts(std::int64_t units, std::int64_t unit_numbers, std::int64_t numbers,
                                 const SumPart& sum_part) {
  const std::int64_t each = std::max<std::int64_t>(1, kGrainSize / unit_numbers);
  const std::int64_t parts = (units + each - 1) / each;
  std::vector<double> sums(static_cast<std::size_t>(parts * numbers));
  at::parallel_for(0, parts, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part) {
      sum_part(part * each, std::min(units, (part + 1) * each), sums.data() + part * numbers);
    }
  });
  for (std::int64_t part = 1; part < parts; ++part) {
    for (std::int64_t i = 0; i < numbers; ++i) sums[i] += sums[part * numbers + i];
  }
  sums.resize(static_cast<std::size_t>(numbers));
  return sums;
}

/// Adds floats to the sums and sets them to zero.
inline void add_and_clear(Floats& floats, double* sums) {
  for (std::size_t i = 0; i < floats.size(); ++i)
    sums[i] += static_cast<double>(std::exchange(floats[i], 0.0F));
}

}  // namespace svhn::kernels
