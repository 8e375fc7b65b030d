#pragma once
/// Digits out of Python pickles, in the forms that people have them; N images.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "data/sources/source.h"

namespace svhn::data {

/// Reads a pickle of protocol 2 to 5 as pandas, numpy, openml or scikit-learn wrote it. Nothing in it is run.
///
/// Forms: a DataFrame with 3072 pixel columns and one label column; the tuple (DataFrame, categorical, names)
/// that openml caches; (X, y); a dict (or scikit-learn's Bunch) with X under `X`, `x`, `data` or `images` and
/// y under `y`, `Y`, `target`, `targets`, `label`, `labels` or `class`. X is a DataFrame or an array
/// [N,3072], [N,32,32,3], [N,3,32,32] or [32,32,3,N]; an array or frame of 3073 columns brings its labels
/// itself. Columns count by place, not by name, in height-width-RGB order. The label column is the one called
/// class, label, labels, target, targets, y or digit (either case), else the last. y is an array, Series,
/// one-column DataFrame or list of numbers or of texts that are numbers.
///
/// Pixels are integers, floats or objects that are whole numbers 0..255. If any pixel is a fraction, all must
/// be k / 255 of a whole k (to within 1e-4 / 255), and k is read; anything else is refused.
///
/// Peak memory is what is returned, plus about 100 MB at most for files of numbers (pages of the file
/// included).
/// @returns labels as the file writes them.
/// @throws core::Error(data) with the byte at fault.
RawDigits read_pickled_frame(const std::filesystem::path& path);

/// The same of bytes in memory. @param name what messages call them.
RawDigits read_pickled_bytes(std::span<const std::byte> bytes, const std::string& name);

}  // namespace svhn::data
