#pragma once
/// What kind of source a path is, told by content and never by name.

#include <filesystem>
#include <string_view>

#include "data/sources/source.h"

namespace svhn::data {

/// @returns "pickle", "mat", "arff" or "folder".
std::string_view source_format_name(SourceFormat format);

/// Looks at a folder's or file's first bytes: a folder is `folder`; byte 0x80 and a protocol of 2 to 5 is
/// `pickle`; "MATLAB 5.0 MAT-file" is `mat`; "@relation" in either case after blanks and % comments is
/// `arff`.
/// @throws core::Error(data) for a missing or empty path and for content of any other kind; a prepared file,
/// a compressed file, a MATLAB 7.3 file, a single picture and a text pickle each get a hint of their own.
SourceFormat detect_format(const std::filesystem::path& path);

}  // namespace svhn::data
