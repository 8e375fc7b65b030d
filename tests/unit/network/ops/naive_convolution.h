#pragma once
/// A convolution as its definition says, one sum after the other, in float64.

#include <torch/types.h>

namespace svhn::network {

struct NaiveConvolution {
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  std::int64_t groups = 1;
  std::int64_t top = 0, left = 0;      ///< Rows and columns of zeros before the image.
  std::int64_t bottom = 0, right = 0;  ///< And behind it.
};

/// @param x [N,C,H,W]. @param weight [O,C/groups,kh,kw]. @param bias [O] or undefined.
inline torch::Tensor naive_convolution(const torch::Tensor& x, const torch::Tensor& weight,
                                       const torch::Tensor& bias, const NaiveConvolution& of) {
  const torch::NoGradGuard no_grad;
  const std::int64_t kh = weight.size(2), kw = weight.size(3), in = weight.size(1), out = weight.size(0);
  const auto steps = [&](std::int64_t side, std::int64_t before, std::int64_t after, std::int64_t kernel) {
    return (side + before + after - of.dilation * (kernel - 1) - 1) / of.stride + 1;
  };
  const std::int64_t height = steps(x.size(2), of.top, of.bottom, kh),
                     width = steps(x.size(3), of.left, of.right, kw);
  torch::Tensor y = torch::zeros({x.size(0), out, height, width}, torch::kFloat64);
  const auto from = x.accessor<double, 4>(), w = weight.accessor<double, 4>();
  auto to = y.accessor<double, 4>();
  const auto term = [&](std::int64_t n, std::int64_t o, std::int64_t row, std::int64_t column) {
    double sum = bias.defined() ? bias[o].item().toDouble() : 0.0;
    const std::int64_t first = o / (out / of.groups) * in;
    for (std::int64_t c = 0; c < in; ++c) {
      for (std::int64_t i = 0; i < kh; ++i) {
        for (std::int64_t j = 0; j < kw; ++j) {
          const std::int64_t r = row * of.stride + i * of.dilation - of.top,
                             s = column * of.stride + j * of.dilation - of.left;
          if (r >= 0 && r < x.size(2) && s >= 0 && s < x.size(3))
            sum += w[o][c][i][j] * from[n][first + c][r][s];
        }
      }
    }
    return sum;
  };
  for (std::int64_t n = 0; n < x.size(0); ++n) {
    for (std::int64_t o = 0; o < out; ++o) {
      for (std::int64_t row = 0; row < height; ++row) {
        for (std::int64_t column = 0; column < width; ++column)
          to[n][o][row][column] = term(n, o, row, column);
      }
    }
  }
  return y;
}

}  // namespace svhn::network
