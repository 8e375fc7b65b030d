#pragma once
/// Repulsive forces through a grid: points are spread over the nodes around them, the nodes' fields come from
/// a convolution by FFT, and points read the fields back.
///
/// Linderman et al. cut the plane into boxes of three nodes, interpolate by Lagrange's polynomials within a
/// box and convolve with two kernels, for four kinds of charges. Here cubic splines, centred on the point,
/// stand for both interpolations; that they do not pass through their coefficients is put right in the
/// kernel's transform, once. Splines are smooth, so forces are the slope of the potential 1/(1+d^2): one
/// kernel, one kind of charge and two transforms in all, with a sixth of the boxes' error at the same
/// spacing.
/// @see Linderman et al., Nature Methods 16, 2019, "Online methods".

#include <torch/types.h>

#include <array>
#include <cstdint>

namespace svhn::interpret {

inline constexpr int kStencil = 4;      ///< Nodes along each axis that a point uses.
inline constexpr int kKernelTerms = 4;  ///< Of the kernel's softened part, see GridPlan::radius.
/// Between nodes of a grid that does without pairs, in the map's units; finer on small maps.
inline constexpr double kMaxSpacing = 0.25;
inline constexpr std::int64_t kMinNodes = 75;    ///< Along the longer axis of such a grid at least.
inline constexpr std::int64_t kMaxNodes = 4096;  ///< Along an axis; on wider maps the spacing grows.
/// Radius within which pairs are summed one by one, in nodes. Measured on a map of 10,000 points: the forces'
/// error is 1.4e-3 of them with 4 and 5.3e-3 with 3; a grid of spacing 1/4 without pairs is off by 3.5e-3.
inline constexpr double kRadiusNodes = 4.0;

/// Where the nodes are: node (r, c) is at (left + c * spacing, bottom + r * spacing).
struct GridPlan {
  std::array<std::int64_t, 2> nodes{};  ///< Columns (along x), rows (along y): products of 2, 3 and 5.
  double spacing = 0.0;
  std::array<double, 2> corner{};  ///< left, bottom
  /// Nearer than this, pairs are summed one by one, and the grid has only what its wide spacing can show: the
  /// kernel with its peak cut off smoothly. 0: the grid has all.
  double radius = 0.0;
  /// What the kernel is lowered by, 1 on grids smaller than 1: there the potential is nearly the same
  /// everywhere and float32 would lose its slope.
  [[nodiscard]] double lowered() const;
};

/// Covers a map, with room for each point's stencil.
/// @param pairs chooses the radius too: wide maps of few points are mostly empty, so that a coarse grid and
/// pairs cost a small part of a fine grid's transforms.
/// @param previous kept but for its corner while it fits, so that the kernel's transform can be kept too.
/// @throws core::Error(numeric) when the map is not finite or wider than 1e5.
/// @see Hardy, Stone and Schulten, "Multilevel summation of electrostatic potentials using graphics
/// processing units", Parallel Computing 35, 2009, section 2 (kernels cut into a near and a smooth part).
GridPlan plan_grid(const torch::Tensor& map, const GridPlan& previous = {}, bool pairs = false);

/// The potential of many points, 1 / (1 + d^2) of each, and its slope.
class FieldGrid {
 public:
  /// @param by_tensors spreads and reads in tensor operations alone: for devices other than the processor.
  explicit FieldGrid(bool by_tensors = false) : by_tensors_(by_tensors) {}
  /// Computes the potential of `sources` on a grid that covers them. The kernel is kept between calls.
  /// @param sources f32 [N,2] contiguous.
  void build(const torch::Tensor& sources);
  /// Reads at points inside the grid; points outside are read at its border.
  /// @returns f32 [M,3]: sums over the sources of w, w^2 dx and w^2 dy, where w = 1 / (1 + d^2).
  [[nodiscard]] torch::Tensor read(const torch::Tensor& points) const;
  /// The same at the sources themselves, each without its own share. @returns f32 [N,3].
  [[nodiscard]] torch::Tensor read_others(const torch::Tensor& sources) const;
  [[nodiscard]] const GridPlan& plan() const { return plan_; }

 private:
  bool by_tensors_;
  GridPlan plan_;
  torch::Tensor kernel_;  // f32 [columns + 1,2 * rows], see kernel_transform
  torch::Tensor near_;    // f32 [kStencil,kStencil], see kernel_near_zero
  torch::Tensor field_;   // f32 [rows,columns]
  double lowered_ = 0.0;  // what `field_` lacks everywhere
};

}  // namespace svhn::interpret
