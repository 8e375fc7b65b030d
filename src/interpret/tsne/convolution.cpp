#include "interpret/tsne/convolution.h"

#include <algorithm>

#include "interpret/tsne/vector.h"

namespace svhn::interpret {
namespace {

constexpr std::int64_t kNumberBytes = 2 * kLanes;

std::int64_t rounded_up(std::int64_t count, std::int64_t step) {
  return (count + step - 1) / step * step;
}

void transpose(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride) {
  for (int i = 0; i < kLanes; ++i) {
    for (int j = 0; j < kLanes; ++j) to[i * to_stride + j] = from[j * from_stride + i];
  }
}

/// Multiplies by a real, even kernel, and exchanges real and imaginary parts: a forward transform is then an
/// inverse one.
SVHN_VECTOR_CLONES
void filter(float* elements, std::int64_t length, const float* kernel, std::int64_t kernel_stride) {
  for (std::int64_t k = 0; k < length; ++k, elements += kNumberBytes) {
    Lanes re, im, by;
    load(elements, re);
    load(elements + kLanes, im);
    load(kernel + std::min(k, length - k) * kernel_stride, by);
    store(im * by, elements);
    store(re * by, elements + kLanes);
  }
}

/// Where the spectra of the two halves of a pair of columns begin.
struct Spectra {
  float *re, *im;
  std::int64_t to_second, stride;
};

/// The transforms of two real series out of that of their complex sum, up to k = half of its length.
SVHN_VECTOR_CLONES
void separate(const float* sum, std::int64_t half, const Spectra& out) {
  for (std::int64_t k = 0; k <= half; ++k) {
    const float *at = sum + k * kNumberBytes, *mirrored = sum + (k == 0 ? 0 : 2 * half - k) * kNumberBytes;
    Lanes re, im, re_mirrored, im_mirrored;
    load(at, re);
    load(at + kLanes, im);
    load(mirrored, re_mirrored);
    load(mirrored + kLanes, im_mirrored);
    const auto place = k * out.stride;
    store((re + re_mirrored) * 0.5F, out.re + place);
    store((im - im_mirrored) * 0.5F, out.im + place);
    store((im + im_mirrored) * 0.5F, out.re + place + out.to_second);
    store((re_mirrored - re) * 0.5F, out.im + place + out.to_second);
  }
}

/// The reverse, with real and imaginary parts exchanged.
SVHN_VECTOR_CLONES
void join(const Spectra& in, std::int64_t half, float* sum) {
  for (std::int64_t k = 0; k <= half; ++k) {
    float *at = sum + k * kNumberBytes, *mirrored = sum + (k == 0 ? 0 : 2 * half - k) * kNumberBytes;
    const auto place = k * in.stride;
    Lanes re, im, other_re, other_im;
    load(in.re + place, re);
    load(in.im + place, im);
    load(in.re + place + in.to_second, other_re);
    load(in.im + place + in.to_second, other_im);
    store(im + other_re, at);
    store(re - other_im, at + kLanes);
    store(other_re - im, mirrored);
    store(re + other_im, mirrored + kLanes);
  }
}

}  // namespace

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
    std::copy_n(charges + first, kLanes, elements + row * kNumberBytes);
    std::copy_n(charges + second, kLanes, elements + row * kNumberBytes + kLanes);
  }
  std::fill_n(elements + rows_ * kNumberBytes, rows_ * kNumberBytes, 0.0F);
  const float* spectrum = along_columns_.forward(elements, buffers.scratch.data());
  separate(spectrum, rows_, {re_.data() + first, im_.data() + first, stride_ / 2, stride_});
}

void Convolution::load_rows(std::int64_t first, float* out) const {
  for (std::int64_t column = 0; column < columns_; column += kLanes) {
    const auto from = first * stride_ + column;
    transpose(re_.data() + from, stride_, out + column * kNumberBytes, kNumberBytes);
    transpose(im_.data() + from, stride_, out + column * kNumberBytes + kLanes, kNumberBytes);
  }
}

void Convolution::store_rows(std::int64_t first, const float* in) {
  for (std::int64_t column = 0; column < columns_; column += kLanes) {
    const auto to = first * stride_ + column;
    transpose(in + column * kNumberBytes + kLanes, kNumberBytes, re_.data() + to, stride_);
    transpose(in + column * kNumberBytes, kNumberBytes, im_.data() + to, stride_);
  }
}

void Convolution::filter_rows(std::int64_t block, Buffers& buffers) {
  const auto first = block * kLanes, length = 2 * columns_;
  float *values = buffers.values.data(), *scratch = buffers.scratch.data();
  load_rows(first, values);
  std::fill(values + columns_ * kNumberBytes, values + length * kNumberBytes, 0.0F);
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
    std::copy_n(result + row * kNumberBytes + kLanes, kLanes, field + first);
    std::copy_n(result + row * kNumberBytes, kLanes, field + second);
  }
}

void Convolution::run(ThreadPool& pool) {
  buffers_.resize(static_cast<std::size_t>(pool.size()));
  const auto size =
      static_cast<std::size_t>(2 * std::max(rows_, rounded_up(columns_, kLanes)) * kNumberBytes);
  for (Buffers& buffers : buffers_) {
    buffers.values.resize(size);
    buffers.scratch.resize(size);
  }
  const auto each = [&](std::int64_t pieces, auto work) {
    pool.run(pieces, [&](std::int64_t piece, int member) {
      (this->*work)(piece, buffers_[static_cast<std::size_t>(member)]);
    });
  };
  const auto pairs = stride_ / (2 * kLanes);
  each(pairs, &Convolution::transform_columns);
  each((rows_ + kLanes) / kLanes, &Convolution::filter_rows);
  each(pairs, &Convolution::restore_columns);
}

}  // namespace svhn::interpret
