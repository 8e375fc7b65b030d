#pragma once
/// Reads Stanford's cropped digits: train_32x32.mat, test_32x32.mat, extra_32x32.mat.

#include <filesystem>

#include "data/source.h"

namespace svhn::data {

/// Reads `X` (u8 [32,32,3,N], column-major) and `y` ([N,1] or [1,N], any numeric class, integers).
/// @returns images [N,32,32,3] and the labels as stored (1..10, where 10 is '0').
/// @throws core::Error(data) naming file and variable when one is missing, damaged, or of another class or
/// shape, or when a label is not an integer.
/// @see http://ufldl.stanford.edu/housenumbers/, "Format 2: Cropped Digits"
RawDigits read_mat(const std::filesystem::path& path);

}  // namespace svhn::data
