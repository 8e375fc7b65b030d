#pragma once
/// What the loops behind the products of dense layers work on.

#include <cstdint>

#include "kernels/dense_products.h"

namespace svhn::kernels {

/// Terms [begin, end) of each sum.
struct TermRange {
  std::int64_t begin, end;
};

/// y = x w' + bias: each number a dot product along the inputs. As in dense_forward.
struct DotProducts {
  const float* x;
  const float* w;
  const float* bias;
  float* y;
  DenseSizes sizes;
};

/// c = a b. a's numbers are `row_step` apart from row to row and `depth_step` along the depth; b
/// [depth,columns] and c [rows,columns] are dense.
struct OuterProduct {
  const float* a;
  const float* b;
  float* c;
  std::int64_t row_step, depth_step;
  std::int64_t rows, columns, depth;
};

}  // namespace svhn::kernels
