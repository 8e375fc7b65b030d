#pragma once
/// Reads digits from picture files in folders named 0 to 9.

#include <filesystem>
#include <string>
#include <vector>

#include "data/source.h"

namespace svhn::data {

/// Reads `folder/0 … folder/9` in this order, files by name (bytewise), every format that OpenCV decodes:
/// resized to 32x32 (by area when shrinking, linear when enlarging), grey expanded to RGB, alpha dropped, 16
/// bits scaled to 8. Decodes in parallel, with the same result for any number of threads. Hidden files and
/// nested folders are ignored.
/// @param strict throw for the first unreadable file instead of listing all in `RawDigits::unreadable`.
/// @param threads number of threads; 0: one per processor.
/// @returns images, labels (digits 0..9) and the unreadable files as "3/name.png: reason".
/// @throws core::Error(data) without any digit folder or any readable picture; with `strict` for any
/// unreadable one.
RawDigits read_image_folder(const std::filesystem::path& folder, bool strict, unsigned threads = 0);

/// @returns the files that `read_image_folder` would read, in its order, as "3/name.png".
std::vector<std::string> list_image_folder(const std::filesystem::path& folder);

}  // namespace svhn::data
