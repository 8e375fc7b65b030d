#pragma once
/// OpenML's data set 41081 as ARFF text: 3,072 pixel columns and a class column.

#include <filesystem>

#include "data/source.h"

namespace svhn::data {

/// Reads pixels 0..255 in the order height, width, RGB, and labels as stored: the numbers of the column
/// named "class" (in any case), else of the only nominal column, else of the last. Needs little more memory
/// than the images.
/// @returns images [N,32,32,3] and labels.
/// @throws core::Error(data) naming file and line: not 3,073 columns, a pixel that is not an integer from 0
/// to 255, a class that is not an integer, and the errors of `formats::ArffReader`.
RawDigits read_arff(const std::filesystem::path& path);

}  // namespace svhn::data
