#include "interpret/tsne/convolution.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "interpret/tsne/grid.h"
#include "unit/interpret/tsne/points.h"

namespace svhn::interpret {
namespace {

using at::Tensor;
using testing::normal_points;
using testing::relative;

TEST(LaneTransform, IsTheFourierTransformOfEveryLane) {
  for (const std::int64_t length : {1, 2, 3, 4, 5, 8, 30, 36, 75, 400, 486}) {
    const Tensor values = normal_points(length, 32, 1);  // [length], 16 real parts, 16 imaginary ones
    const Tensor series = at::complex(values.slice(1, 0, 16), values.slice(1, 16, 32));
    const Tensor expected = at::fft_fft(series.to(at::kComplexDouble), c10::nullopt, 0);
    Tensor work = values.clone(), scratch = at::empty_like(values);
    const float* found = LaneTransform(length).forward(work.data_ptr<float>(), scratch.data_ptr<float>());
    const Tensor result = found == work.data_ptr<float>() ? work : scratch;
    EXPECT_LT(relative(result.slice(1, 0, 16), at::real(expected)), 1e-6) << length;
    EXPECT_LT(relative(result.slice(1, 16, 32), at::imag(expected)), 1e-6) << length;
  }
}

TEST(Convolution, IsThatOfTheTensorOperations) {
  for (const auto& [columns, rows] : {std::pair{15, 75}, {80, 15}, {120, 108}, {32, 50}}) {
    GridPlan plan{.nodes = {columns, rows}, .spacing = 0.5, .corner = {}, .radius = 2.0};
    const Tensor kernel = kernel_transform(plan, at::kCPU), charges = normal_points(rows, columns, 2);
    Convolution convolution;
    convolution.prepare(kernel);
    for (std::int64_t row = 0; row < rows; ++row) {
      const float* from = charges.data_ptr<float>() + row * columns;
      std::copy(from, from + columns, convolution.values() + row * convolution.stride());
    }
    core::ThreadPool pool(2);
    convolution.run(pool);
    const Tensor field =
        at::from_blob(convolution.values(), {rows, convolution.stride()}).slice(1, 0, columns);
    EXPECT_LT(relative(field, convolve(charges, kernel)), 1e-5) << columns;
  }
}

}  // namespace
}  // namespace svhn::interpret
