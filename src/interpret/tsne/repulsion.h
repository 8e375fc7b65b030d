#pragma once
/// The repulsion between the points of a map, on the CPU.

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "core/thread_pool.h"
#include "interpret/tsne/convolution.h"
#include "interpret/tsne/forces.h"

namespace svhn::interpret {

/// Repulsion by interpolation on a grid and, where the grid is coarse, by direct summation of near pairs. The
/// result is the same, bit by bit, for any number of threads.
class MapRepulsion {
 public:
  /// @param map f32 [N,2] contiguous.
  Repulsion operator()(core::ThreadPool& pool, const torch::Tensor& map);

 private:
  struct Sorted {  // the points by cell, cells by rows
    std::vector<std::int32_t> cells, starts, order;
    std::vector<float> x, y, tx, ty;
    std::vector<std::int32_t> column, row;
    std::vector<float> fields;  // [3,N rounded up]: contributions of near points to potential and force
    std::int64_t columns = 0, rows = 0, nodes = 0;
  };
  void plan(const torch::Tensor& map);
  void sort(core::ThreadPool& pool, const torch::Tensor& map);
  void locate(std::int64_t begin, std::int64_t end, const float* map);
  void spread(core::ThreadPool& pool, const torch::Tensor& map);
  void add_near(core::ThreadPool& pool);
  void add_near_cell(std::int64_t row, std::int64_t column, std::vector<float>& around);
  double read(std::int64_t begin, std::int64_t end, float* force) const;

  GridPlan plan_;
  std::int64_t planned_ = 0;  // calls since the last new plan
  torch::Tensor near_zero_;   // f32 [kStencil,kStencil], see kernel_near_zero
  Convolution grid_;
  Sorted sorted_;
};

}  // namespace svhn::interpret
