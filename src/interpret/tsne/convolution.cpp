#include "interpret/tsne/convolution.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "interpret/tsne/vector.h"

namespace svhn::interpret {
namespace {

constexpr std::int64_t kElement = 2 * kLanes;  // floats of a complex number in each lane
constexpr float kSin60 = 0.866025403784438647F;
constexpr float kCos72 = 0.309016994374947424F;
constexpr float kSin72 = 0.951056516295153572F;
constexpr float kCos144 = -0.809016994374947424F;
constexpr float kSin144 = 0.587785252292473129F;

/// A complex number in each lane.
struct Complex {
  Lanes re, im;
};

SVHN_INLINE void add(const Complex& a, const Complex& b, Complex& out) {
  out = {a.re + b.re, a.im + b.im};
}

SVHN_INLINE void subtract(const Complex& a, const Complex& b, Complex& out) {
  out = {a.re - b.re, a.im - b.im};
}

/// Computes a - i b and a + i b.
SVHN_INLINE void add_rotated(const Complex& a, const Complex& b, Complex& less, Complex& more) {
  less = {a.re + b.im, a.im - b.re};
  more = {a.re - b.im, a.im + b.re};
}

SVHN_INLINE void butterfly2(Complex* x) {
  const Complex a = x[0];
  add(a, x[1], x[0]);
  subtract(a, x[1], x[1]);
}

SVHN_INLINE void butterfly3(Complex* x) {
  Complex sum, difference;
  add(x[1], x[2], sum);
  subtract(x[1], x[2], difference);
  const Complex middle{x[0].re - 0.5F * sum.re, x[0].im - 0.5F * sum.im};
  const Complex across{kSin60 * difference.re, kSin60 * difference.im};
  add(x[0], sum, x[0]);
  add_rotated(middle, across, x[1], x[2]);
}

SVHN_INLINE void butterfly4(Complex* x) {
  Complex even, odd, even_apart, odd_apart;
  add(x[0], x[2], even);
  add(x[1], x[3], odd);
  subtract(x[0], x[2], even_apart);
  subtract(x[1], x[3], odd_apart);
  add(even, odd, x[0]);
  subtract(even, odd, x[2]);
  add_rotated(even_apart, odd_apart, x[1], x[3]);
}

SVHN_INLINE void butterfly5(Complex* x) {
  Complex outer, inner, outer_apart, inner_apart;
  add(x[1], x[4], outer);
  add(x[2], x[3], inner);
  subtract(x[1], x[4], outer_apart);
  subtract(x[2], x[3], inner_apart);
  const Complex first{x[0].re + kCos72 * outer.re + kCos144 * inner.re,
                      x[0].im + kCos72 * outer.im + kCos144 * inner.im};
  const Complex second{x[0].re + kCos144 * outer.re + kCos72 * inner.re,
                       x[0].im + kCos144 * outer.im + kCos72 * inner.im};
  const Complex first_across{kSin72 * outer_apart.re + kSin144 * inner_apart.re,
                             kSin72 * outer_apart.im + kSin144 * inner_apart.im};
  const Complex second_across{kSin144 * outer_apart.re - kSin72 * inner_apart.re,
                              kSin144 * outer_apart.im - kSin72 * inner_apart.im};
  x[0] = {x[0].re + outer.re + inner.re, x[0].im + outer.im + inner.im};
  add_rotated(first, first_across, x[1], x[4]);
  add_rotated(second, second_across, x[2], x[3]);
}

template <int radix>
SVHN_INLINE void butterfly(Complex* x) {
  if constexpr (radix == 2) butterfly2(x);
  if constexpr (radix == 3) butterfly3(x);
  if constexpr (radix == 4) butterfly4(x);
  if constexpr (radix == 5) butterfly5(x);
}

template <int radix>
SVHN_INLINE void pass(const float* from, float* to, std::int64_t groups, std::int64_t stride,
                      const float* factors) {
  for (std::int64_t group = 0; group < groups; ++group, factors += 2 * (radix - 1)) {
    for (std::int64_t q = 0; q < stride; ++q) {
      Complex x[radix];
      for (int k = 0; k < radix; ++k) load(from + kElement * (q + stride * (group + groups * k)), x[k]);
      butterfly<radix>(x);
      float* target = to + kElement * (q + stride * radix * group);
      store(x[0], target);
      for (int k = 1; k < radix; ++k) {
        const float re = factors[2 * k - 2], im = factors[2 * k - 1];
        const Complex twisted{x[k].re * re - x[k].im * im, x[k].re * im + x[k].im * re};
        store(twisted, target + kElement * stride * k);
      }
    }
  }
}

SVHN_VECTOR_CLONES
void run_pass(int radix, const float* from, float* to, std::int64_t groups, std::int64_t stride,
              const float* factors) {
  if (radix == 2) pass<2>(from, to, groups, stride, factors);
  if (radix == 3) pass<3>(from, to, groups, stride, factors);
  if (radix == 4) pass<4>(from, to, groups, stride, factors);
  if (radix == 5) pass<5>(from, to, groups, stride, factors);
}

std::int64_t rounded_up(std::int64_t count, std::int64_t step) {
  return (count + step - 1) / step * step;
}

void transpose(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride) {
  for (int i = 0; i < kLanes; ++i) {
    for (int j = 0; j < kLanes; ++j) to[i * to_stride + j] = from[j * from_stride + i];
  }
}

/// Multiplies by a real, even kernel and swaps real and imaginary parts, so that a forward transform of the
/// result is the inverse transform.
SVHN_VECTOR_CLONES
void filter(float* elements, std::int64_t length, const float* kernel, std::int64_t kernel_stride) {
  for (std::int64_t k = 0; k < length; ++k, elements += kElement) {
    Lanes re, im, by;
    load(elements, re);
    load(elements + kLanes, im);
    load(kernel + std::min(k, length - k) * kernel_stride, by);
    store(im * by, elements);
    store(re * by, elements + kLanes);
  }
}

/// Pointers to the spectra of a pair of columns.
struct Spectra {
  float *re, *im;
  std::int64_t to_second, stride;
};

/// Computes the transforms of two real series from that of their complex sum, up to k = half of its length.
SVHN_VECTOR_CLONES
void separate(const float* sum, std::int64_t half, const Spectra& out) {
  for (std::int64_t k = 0; k <= half; ++k) {
    const float *at = sum + k * kElement, *mirrored = sum + (k == 0 ? 0 : 2 * half - k) * kElement;
    Lanes re, im, re_mirrored, im_mirrored;
    load(at, re);
    load(at + kLanes, im);
    load(mirrored, re_mirrored);
    load(mirrored + kLanes, im_mirrored);
    const auto index = k * out.stride;
    store((re + re_mirrored) * 0.5F, out.re + index);
    store((im - im_mirrored) * 0.5F, out.im + index);
    store((im + im_mirrored) * 0.5F, out.re + index + out.to_second);
    store((re_mirrored - re) * 0.5F, out.im + index + out.to_second);
  }
}

/// The inverse of `separate`, with real and imaginary parts swapped.
SVHN_VECTOR_CLONES
void join(const Spectra& in, std::int64_t half, float* sum) {
  for (std::int64_t k = 0; k <= half; ++k) {
    float *at = sum + k * kElement, *mirrored = sum + (k == 0 ? 0 : 2 * half - k) * kElement;
    const auto index = k * in.stride;
    Lanes re, im, other_re, other_im;
    load(in.re + index, re);
    load(in.im + index, im);
    load(in.re + index + in.to_second, other_re);
    load(in.im + index + in.to_second, other_im);
    store(im + other_re, at);
    store(re - other_im, at + kLanes);
    store(other_re - im, mirrored);
    store(re + other_im, mirrored + kLanes);
  }
}

}  // namespace

LaneTransform::LaneTransform(std::int64_t length) : length_(length) {
  std::int64_t left = length, stride = 1;
  for (const int radix : {4, 2, 3, 5}) {
    for (; left % radix == 0; left /= radix, stride *= radix) {
      Pass pass{radix, left / radix, stride, {}};
      for (std::int64_t group = 0; group < pass.groups; ++group) {
        for (std::int64_t k = 1; k < radix; ++k) {
          const double angle =
              -2.0 * std::acos(-1.0) * static_cast<double>(group * k) / static_cast<double>(left);
          pass.factors.push_back(static_cast<float>(std::cos(angle)));
          pass.factors.push_back(static_cast<float>(std::sin(angle)));
        }
      }
      passes_.push_back(std::move(pass));
    }
  }
}

float* LaneTransform::forward(float* values, float* scratch) const {
  for (const Pass& pass : passes_) {
    run_pass(pass.radix, values, scratch, pass.groups, pass.stride, pass.factors.data());
    std::swap(values, scratch);
  }
  return values;
}

void Convolution::prepare(const torch::Tensor& kernel) {
  columns_ = kernel.size(0) - 1;
  rows_ = kernel.size(1) / 2;
  stride_ = rounded_up(columns_, 2 * kLanes);
  const auto* values = data_of<float>(kernel);
  kernel_.assign(values, values + kernel.numel());
  const auto scale = static_cast<float>(0.25 / (static_cast<double>(rows_) * static_cast<double>(columns_)));
  for (float& value : kernel_) value *= scale;
  values_.assign(static_cast<std::size_t>(rows_ * stride_), 0.0F);
  re_.assign(static_cast<std::size_t>(rounded_up(rows_ + 1, kLanes) * stride_), 0.0F);
  im_ = re_;
  if (along_columns_.length() != 2 * rows_) along_columns_ = LaneTransform(2 * rows_);
  if (along_rows_.length() != 2 * columns_) along_rows_ = LaneTransform(2 * columns_);
  buffers_.clear();
}

void Convolution::clear() {
  std::fill(values_.begin(), values_.end(), 0.0F);
}

void Convolution::transform_columns(std::int64_t pair, Buffers& buffers) {
  const auto first = pair * kLanes, second = first + stride_ / 2;
  float* elements = buffers.values.data();
  for (std::int64_t row = 0; row < rows_; ++row) {
    const float* charges = values_.data() + row * stride_;
    std::copy_n(charges + first, kLanes, elements + row * kElement);
    std::copy_n(charges + second, kLanes, elements + row * kElement + kLanes);
  }
  std::fill_n(elements + rows_ * kElement, rows_ * kElement, 0.0F);
  const float* spectrum = along_columns_.forward(elements, buffers.scratch.data());
  separate(spectrum, rows_, {re_.data() + first, im_.data() + first, stride_ / 2, stride_});
}

void Convolution::load_rows(std::int64_t first, float* out) const {
  for (std::int64_t column = 0; column < columns_; column += kLanes) {
    const auto from = first * stride_ + column;
    transpose(re_.data() + from, stride_, out + column * kElement, kElement);
    transpose(im_.data() + from, stride_, out + column * kElement + kLanes, kElement);
  }
}

void Convolution::store_rows(std::int64_t first, const float* in) {
  for (std::int64_t column = 0; column < columns_; column += kLanes) {
    const auto to = first * stride_ + column;
    transpose(in + column * kElement + kLanes, kElement, re_.data() + to, stride_);
    transpose(in + column * kElement, kElement, im_.data() + to, stride_);
  }
}

void Convolution::filter_rows(std::int64_t block, Buffers& buffers) {
  const auto first = block * kLanes, length = 2 * columns_;
  float *values = buffers.values.data(), *scratch = buffers.scratch.data();
  load_rows(first, values);
  std::fill(values + columns_ * kElement, values + length * kElement, 0.0F);
  float* spectrum = along_rows_.forward(values, scratch);
  filter(spectrum, length, kernel_.data() + first, 2 * rows_);
  store_rows(first, along_rows_.forward(spectrum, spectrum == values ? scratch : values));
}

void Convolution::restore_columns(std::int64_t pair, Buffers& buffers) {
  const auto first = pair * kLanes, second = first + stride_ / 2;
  float* elements = buffers.values.data();
  join({re_.data() + first, im_.data() + first, stride_ / 2, stride_}, rows_, elements);
  const float* result = along_columns_.forward(elements, buffers.scratch.data());
  for (std::int64_t row = 0; row < rows_; ++row) {
    float* field = values_.data() + row * stride_;
    std::copy_n(result + row * kElement + kLanes, kLanes, field + first);
    std::copy_n(result + row * kElement, kLanes, field + second);
  }
}

void Convolution::run(core::ThreadPool& pool) {
  buffers_.resize(static_cast<std::size_t>(pool.size()));
  const auto size = static_cast<std::size_t>(2 * std::max(rows_, rounded_up(columns_, kLanes)) * kElement);
  for (Buffers& buffers : buffers_) {
    buffers.values.resize(size);
    buffers.scratch.resize(size);
  }
  const auto each = [&](std::int64_t chunks, auto work) {
    pool.run(chunks, [&](std::int64_t chunk, int thread) {
      (this->*work)(chunk, buffers_[static_cast<std::size_t>(thread)]);
    });
  };
  const auto pairs = stride_ / (2 * kLanes);
  each(pairs, &Convolution::transform_columns);
  each((rows_ + kLanes) / kLanes, &Convolution::filter_rows);
  each(pairs, &Convolution::restore_columns);
}

}  // namespace svhn::interpret
