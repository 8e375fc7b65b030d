#pragma once
/// Reads digits from Python pickles of various layouts; N images.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "data/source.h"

namespace svhn::data {

/// Reads a pickle of protocol 2 to 5 from pandas, numpy, openml or scikit-learn, without executing anything.
///
/// Forms: a DataFrame with 3072 pixel columns and one label column; the tuple (DataFrame, categorical, names)
/// that openml caches; (X, y); a dict (or scikit-learn's Bunch) with X under `X`, `x`, `data` or `images` and
/// y under `y`, `Y`, `target`, `targets`, `label`, `labels` or `class`; torchvision's SVHN itself. X is a
/// DataFrame or an array [N,3072], [N,32,32,3], [N,3,32,32] or [32,32,3,N]; an array or frame of 3073 columns
/// contains its labels. Columns are identified by position, not by name, in height-width-RGB order. The label
/// column is the one named class, label, labels, target, targets, y or digit (either case), else the last. y
/// is an array, Series, one-column DataFrame or list of numbers or numeric texts.
///
/// Labels beside an array [N,3,32,32], or in a dict of `data` and `labels`, are digits, as torchvision has
/// them: `RawDigits::rule` says so.
///
/// Pixels are integers 0..255, as integers, floats or objects. If any pixel is a fraction, all must be k /
/// 255 for an integer k (to within 1e-4 / 255), and k is read; other values are refused.
///
/// Peak memory is the result plus at most about 100 MB for files of numbers (including pages of the file).
/// @returns images, and labels as stored in the file.
/// @throws core::Error(data) with the byte offset of the error.
RawDigits read_pickled_frame(const std::filesystem::path& path);

/// Reads a pickle in memory, like `read_pickled_frame`. @param name name of the bytes in messages.
RawDigits read_pickled_bytes(std::span<const std::byte> bytes, const std::string& name);

}  // namespace svhn::data
