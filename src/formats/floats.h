#pragma once
/// Arrays of any numeric type as float32.

#include <cstddef>
#include <span>
#include <vector>

#include "formats/dtype.h"

namespace svhn::formats {

/// @param bytes little-endian elements of `dtype`, whole ones.
/// @returns them as float32: exact for f16, bf16 and f32, rounded to nearest for the others.
std::vector<float> to_floats(DType dtype, std::span<const std::byte> bytes);

}  // namespace svhn::formats
