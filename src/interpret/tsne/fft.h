#pragma once
/// Complex Fourier transforms of kLanes series at once, one in each lane of a vector.

#include <cstdint>
#include <vector>

namespace svhn::interpret {

/// For series of one length, a product of 2, 3 and 5. An element is kLanes real parts, then kLanes imaginary
/// ones.
/// @see Stockham's method: Van Loan, "Computational Frameworks for the Fast Fourier Transform", 1992,
/// section 1.7.
class LaneTransform {
 public:
  LaneTransform() = default;
  explicit LaneTransform(std::int64_t length);
  [[nodiscard]] std::int64_t length() const { return length_; }
  /// @param values f32 [length, 2 * kLanes]. @param scratch of the same size.
  /// @returns whichever of the two holds the result, sums of x_j exp(-2 pi i j k / length).
  float* forward(float* values, float* scratch) const;

 private:
  struct Pass {
    int radix;
    std::int64_t groups, stride;
    std::vector<float> factors;  // f32 [groups, radix - 1, 2]
  };
  std::int64_t length_ = 0;
  std::vector<Pass> passes_;
};

}  // namespace svhn::interpret
