#pragma once
/// How a block's work is cut into lines of memory and parts of sums.

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "kernels/norm_kernels.h"

namespace svhn::kernels {

using Floats = std::vector<float>;

inline constexpr std::int64_t kTaskNumbers = 32768;  ///< Work below which a thread does not pay.
inline constexpr std::int64_t kStripPixels = 64;     ///< Added up in float before double takes over.

/// A tensor as lines of memory: N H rows of W pixels of C numbers.
struct Geometry {
  std::int64_t images, height, width, channels;

  explicit Geometry(const torch::Tensor& x)
      : images(x.size(0)),
        height(x.dim() == 4 ? x.size(2) : 1),
        width(x.dim() == 4 ? x.size(3) : 1),
        channels(x.size(1)) {}
  [[nodiscard]] std::int64_t pixels() const { return images * height * width; }
  [[nodiscard]] std::int64_t line() const { return width * channels; }
};

/// What happens to a row after it is normalised.
struct Tail {
  bool pool;
  bool drop;
  DropoutMask mask;
};

/// The lines of a block's output, and where each comes from.
struct Lines {
  Geometry in;
  bool pool;

  [[nodiscard]] std::int64_t a_image() const { return pool ? in.height / 2 : in.height; }
  [[nodiscard]] std::int64_t count() const { return in.images * a_image(); }
  [[nodiscard]] std::int64_t length() const { return pool ? in.line() / 2 : in.line(); }
  /// Numbers of the input that one line comes from.
  [[nodiscard]] std::int64_t source() const { return pool ? 2 * in.line() : in.line(); }
  [[nodiscard]] std::int64_t task() const { return std::max<std::int64_t>(1, kTaskNumbers / source()); }

  void mask(float* values, std::int64_t line, const DropoutMask& dropout) const {
    const std::int64_t image = line / a_image(), first = line % a_image() * length();
    mask_part(values, length(), static_cast<std::uint32_t>(first), dropout.row_base(image), dropout);
  }
};

/// Where a float line is made: in the output itself when that is float.
inline float* line_for(float* out, float* /*scratch*/) {
  return out;
}
inline float* line_for(std::uint16_t* /*out*/, float* scratch) {
  return scratch;
}
inline void finish_line(const float* /*line*/, float* /*out*/, std::int64_t /*count*/) {}
inline void finish_line(const float* line, std::uint16_t* out, std::int64_t count) {
  narrow(line, out, count);
}

/// Sums over fixed parts of the work, added up in order: any number of threads gives the same.
/// @param sum_part adds the sums of units [begin, end) to `numbers` doubles.
template <class SumPart>
std::vector<double> sum_in_parts(std::int64_t units, std::int64_t unit_numbers, std::int64_t numbers,
                                 const SumPart& sum_part) {
  const std::int64_t each = std::max<std::int64_t>(1, kTaskNumbers / unit_numbers);
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

inline void add_and_clear(Floats& floats, double* sums) {
  for (std::size_t i = 0; i < floats.size(); ++i)
    sums[i] += static_cast<double>(std::exchange(floats[i], 0.0F));
}

/// Calls `work` with the type that x's numbers have in memory.
template <class Work>
void with_type(const torch::Tensor& x, const Work& work) {
  if (x.scalar_type() == torch::kFloat32) return work(float{});
  work(std::uint16_t{});
}

}  // namespace svhn::kernels
