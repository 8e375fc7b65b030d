#pragma once
/// Reads digits from picture files in folders that are named for digits.

#include <filesystem>

#include "data/source.h"

namespace svhn::data {

/// Reads all pictures in and below `folder`, as `PictureReader` does. The folders above a picture, also
/// `folder` itself in the second case, say its digit (`digit_of_folder`: 5, 05, digit_5, five) and its split
/// (`origin_of_folder`: train, extra, val, test). Linked folders are followed, each folder is read once. Rows
/// are ordered by digit, then by path (bytewise). The result does not depend on the number of threads.
///
/// 10 is Stanford's label of the digit 0: where no picture has the digit 0, `rule` is svhn. Beside pictures
/// of 0, the meaning of 10 is unknown, and its pictures are left out. What is left out is counted in `notes`,
/// pictures that cannot be read and folders that cannot be listed are in `unreadable` as "3/name.png:
/// reason".
/// @param strict throw for the first unreadable file instead.
/// @param threads number of threads; 0: one per processor.
/// @returns labels 0 to 10; origins, where some folder is named for a split; `sha256` of what `sha256sum`
/// prints for the pictures that were read, in their order.
/// @throws core::Error(data) without any digit's folder or any readable picture; with `strict` for any
/// unreadable one.
RawDigits read_image_folder(const std::filesystem::path& folder, bool strict, unsigned threads = 0);

}  // namespace svhn::data
