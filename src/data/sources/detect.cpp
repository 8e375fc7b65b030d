#include "data/sources/detect.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <string>

#include "core/error.h"
#include "core/file.h"

namespace svhn::data {
namespace {

namespace fs = std::filesystem;

// An ARFF file may open with a long licence; what lies deeper than this is no header any more.
constexpr std::size_t kLongestPreamble = 1U << 20U;

/// Content that is known but not read, with what to do about it.
struct Foreign {
  std::string_view magic;
  std::string_view what;
  std::string_view hint;
};

constexpr std::string_view kDecompress = "decompress it first";
constexpr std::string_view kPicture = "put pictures into folders named 0 to 9 and name the folder above them";
constexpr std::string_view kOldMatlab = "save it in MATLAB with save(file, 'X', 'y', '-v7')";

constexpr std::array<Foreign, 9> kForeign{{
    {"MATLAB 7.3", "a MATLAB 7.3 file", kOldMatlab},
    {"\x89HDF", "an HDF5 file", kOldMatlab},
    {"\x1F\x8B", "compressed with gzip", kDecompress},
    {"BZh", "compressed with bzip2", kDecompress},
    {"\xFD"
     "7zXZ",
     "compressed with xz", kDecompress},
    {"\x28\xB5\x2F\xFD", "compressed with zstd", kDecompress},
    {"PK\x03\x04", "a zip archive", "unpack it first"},
    {"\x89PNG", "a single picture", kPicture},
    {"\xFF\xD8\xFF", "a single picture", kPicture},
}};

[[noreturn]] void refuse(const fs::path& path, std::string_view what, std::string_view hint) {
  throw core::Error(core::ExitCode::data, "'" + path.string() + "' is " + std::string(what),
                    std::string(hint));
}

bool starts_with_ignoring_case(std::string_view text, std::string_view lower_case) {
  if (text.size() < lower_case.size()) return false;
  return std::equal(lower_case.begin(), lower_case.end(), text.begin(), [](char expected, char c) {
    return std::tolower(static_cast<unsigned char>(c)) == expected;
  });
}

/// @returns what follows blanks, blank lines, comment lines and a byte order mark.
std::string_view skip_preamble(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    if (!text.starts_with('%')) break;
    text.remove_prefix(std::min(text.find('\n'), text.size()));
  }
  return text;
}

bool is_pickle(std::string_view bytes) {
  return bytes.size() >= 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5;
}

/// safetensors: eight bytes of header length, little-endian, and then the JSON header itself.
bool is_safetensors(std::string_view bytes) {
  if (bytes.size() < 9 || bytes[8] != '{') return false;
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof(length));
  return length <= bytes.size() - 8;
}

void refuse_foreign(const fs::path& path, std::string_view bytes) {
  if (bytes.empty()) refuse(path, "empty", "fetch the file again");
  if (is_safetensors(bytes)) {
    refuse(path, "a safetensors file, which needs no preparing",
           "give a prepared file straight to 'svhn train --data'");
  }
  for (const Foreign& foreign : kForeign) {
    if (bytes.starts_with(foreign.magic)) refuse(path, foreign.what, foreign.hint);
  }
}

}  // namespace

std::string_view source_format_name(SourceFormat format) {
  switch (format) {
    case SourceFormat::pickle:
      return "pickle";
    case SourceFormat::mat:
      return "mat";
    case SourceFormat::arff:
      return "arff";
    case SourceFormat::folder:
      return "folder";
  }
  return "unknown";
}

SourceFormat detect_format(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return SourceFormat::folder;
  const core::MappedFile file(path, core::ExitCode::data);
  const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  refuse_foreign(path, bytes);
  if (bytes.starts_with("MATLAB 5.0 MAT-file")) return SourceFormat::mat;
  if (is_pickle(bytes)) return SourceFormat::pickle;
  if (starts_with_ignoring_case(skip_preamble(bytes.substr(0, kLongestPreamble)), "@relation")) {
    return SourceFormat::arff;
  }
  refuse(path, "none of the known forms of digits",
         "known are pickles of protocol 2 to 5, MATLAB 5 files, ARFF text and folders of pictures");
}

}  // namespace svhn::data
