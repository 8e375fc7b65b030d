#pragma once
/// Repulsive forces on a grid: the points are spread to the nodes around them as charges, a convolution by
/// FFT gives the potential at the nodes, and the points interpolate it.
///
/// Linderman et al. divide the plane into boxes of three nodes, interpolate by Lagrange polynomials within a
/// box and convolve with two kernels, for four kinds of charges. This implementation uses cubic B-splines,
/// centred on the point, for spreading and interpolation. B-splines do not interpolate their coefficients;
/// dividing the kernel's transform by theirs, once, corrects that. Since splines are smooth, the forces are
/// the gradient of the potential 1/(1+d^2): one kernel, one kind of charge and two transforms in all, with
/// one sixth of the boxes' error at the same spacing.
/// @see Linderman et al., Nature Methods 16, 2019, "Online methods".

#include <torch/types.h>

#include <array>
#include <cstdint>

namespace svhn::interpret {

inline constexpr int kStencil = 4;      ///< Nodes along each axis that a point uses.
inline constexpr int kKernelTerms = 4;  ///< Terms of the kernel's smooth part, see GridPlan::radius.
/// Largest spacing of a grid without pairs, in the map's units; smaller on small maps.
inline constexpr double kMaxSpacing = 0.25;
inline constexpr std::int64_t kMinNodes = 75;    ///< Along the longer axis of such a grid, at least.
inline constexpr std::int64_t kMaxNodes = 4096;  ///< Along an axis; on wider maps the spacing grows.
/// Radius within which pairs are summed directly, in nodes. Measured on a map of 10,000 points: the relative
/// error of the forces is 1.4e-3 with 4 and 5.3e-3 with 3; with a grid of spacing 1/4 without pairs it is
/// 3.5e-3.
inline constexpr double kRadiusNodes = 4.0;

/// Size and position of a grid: node (r, c) is at (left + c * spacing, bottom + r * spacing).
struct GridPlan {
  std::array<std::int64_t, 2> nodes{};  ///< Columns (along x), rows (along y): products of 2, 3 and 5.
  double spacing = 0.0;
  std::array<double, 2> corner{};  ///< left, bottom
  /// Pairs at smaller distances are summed directly, and the grid's kernel has its peak cut off smoothly. 0:
  /// no pairs, the grid's kernel is complete.
  double radius = 0.0;
  /// @returns the constant that is subtracted from the kernel: 1 on grids smaller than 1, where the potential
  /// is nearly constant and float32 would lose its slope, otherwise 0.
  [[nodiscard]] double lowered() const;
};

/// Plans a grid that covers a map and each point's stencil.
/// @param map f32 [N,2].
/// @param previous kept except for its corner while it fits, so that the kernel's transform can be reused.
/// @param pairs also choose the radius: wide maps of few points are mostly empty, so that a coarse grid and
/// pairs take a small part of the time of a fine grid's transforms.
/// @throws core::Error(numeric) when the map is not finite or wider than 1e5.
/// @see Hardy, Stone and Schulten, "Multilevel summation of electrostatic potentials using graphics
/// processing units", Parallel Computing 35, 2009, section 2 (kernels split into a near and a smooth part).
GridPlan plan_grid(const torch::Tensor& map, const GridPlan& previous = {}, bool pairs = false);

/// The kernel 1 / (1 + d^2) in Fourier space, for a grid of twice the size so that nothing wraps around,
/// divided by the transforms of the B-splines for spreading and interpolation. It is real, since the kernel
/// is even.
/// @returns f32 [C + 1,2R] for R rows and C columns of nodes, columns first.
torch::Tensor kernel_transform(const GridPlan& plan, const torch::Device& device);

/// @returns f32 [kStencil,kStencil]: the coefficient that a charge of 1 causes that many columns and rows
/// away.
torch::Tensor kernel_near_zero(const torch::Tensor& kernel);

/// Convolves charges with the kernel.
/// @param charges f32 [R,C]. @param kernel see kernel_transform. @returns the field's coefficients f32 [R,C].
torch::Tensor convolve(const torch::Tensor& charges, const torch::Tensor& kernel);

/// The potential of many points, 1 / (1 + d^2) of each, and its gradient.
class FieldGrid {
 public:
  /// @param by_tensors use tensor operations only, as on devices other than the CPU.
  explicit FieldGrid(bool by_tensors = false) : by_tensors_(by_tensors) {}
  /// Computes the potential of `sources` on a grid that covers them. The kernel is kept between calls.
  /// @param sources f32 [N,2] contiguous.
  void build(const torch::Tensor& sources);
  /// Interpolates the field. Points outside the grid get the values at its border.
  /// @param points f32 [M,2]. @returns f32 [M,3]: sums over the sources of w, w^2 dx and w^2 dy, w = 1 / (1 +
  /// d^2).
  [[nodiscard]] torch::Tensor read(const torch::Tensor& points) const;
  /// Interpolates the field at the sources, without each source's own contribution. @returns f32 [N,3].
  [[nodiscard]] torch::Tensor read_others(const torch::Tensor& sources) const;
  [[nodiscard]] const GridPlan& plan() const { return plan_; }

 private:
  bool by_tensors_;
  GridPlan plan_;
  torch::Tensor kernel_;  // f32 [columns + 1,2 * rows], see kernel_transform
  torch::Tensor near_;    // f32 [kStencil,kStencil], see kernel_near_zero
  torch::Tensor field_;   // f32 [rows,columns]
  double lowered_ = 0.0;  // what `field_` lacks at every point
};

}  // namespace svhn::interpret
