#include "formats/mat/container.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace svhn::formats::mat {
namespace {

constexpr std::size_t kFileHeader = 128;
constexpr std::uint32_t kCompressed = 15;
// deflate cannot do better: 258 bytes for two bits (zlib's technical details).
constexpr std::size_t kBestCompression = 1032;

std::uint32_t read_u32(Bytes bytes, std::size_t offset) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

void check_file_header(Bytes bytes, const std::string& where) {
  constexpr std::string_view kMagic = "MATLAB 5.0 MAT-file";
  if (bytes.size() < kFileHeader || std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0) {
    refuse(where, "not a MATLAB 5 file", "save it in MATLAB with save(file, 'X', 'y', '-v7')");
  }
  const std::string_view mark(reinterpret_cast<const char*>(bytes.data()) + 124, 4);
  if (mark.substr(2) == "MI")
    refuse(where, "big-endian, written on another kind of machine", "save it again here");
  if (mark != std::string_view("\x00\x01IM", 4)) refuse(where, "a damaged header at byte 124");
}

MatVariable parse_element(Bytes bytes, std::size_t position, const std::string& where) {
  const std::uint32_t type = read_u32(bytes, position);
  const std::uint32_t size = read_u32(bytes, position + 4);
  if (type != kMatrix && type != kCompressed)
    refuse(where, "an element of unknown type " + std::to_string(type));
  if (size > bytes.size() - position - kTag) {
    refuse(where, "an element of " + std::to_string(size) + " bytes reaches behind the end of the file");
  }
  MatVariable variable;
  variable.compressed = type == kCompressed;
  variable.offset = variable.compressed ? position + kTag : position;
  variable.stored_bytes = variable.compressed ? size : size + kTag;
  const Bytes content = bytes.subspan(variable.offset, variable.stored_bytes);
  if (variable.compressed) {
    parse_variable(inflate_head(content, where), content.size() * kBestCompression, variable, where);
  } else {
    parse_variable(content.first(std::min(content.size(), kLongestHead)), content.size(), variable, where);
    if (variable.content_bytes != content.size()) refuse(where, "two sizes that contradict each other");
  }
  return variable;
}

void add_variable(std::vector<MatVariable>& variables, MatVariable&& variable, const std::string& file) {
  for (const MatVariable& other : variables) {
    if (other.name == variable.name) refuse(file, "two arrays named '" + other.name + "'");
  }
  constexpr std::size_t kMost = 64;
  if (variables.size() == kMost) refuse(file, "more than 64 arrays", "save only X and y");
  variables.push_back(std::move(variable));
}

}  // namespace

void refuse(const std::string& where, const std::string& what, std::string hint) {
  if (hint.empty()) hint = "the file is damaged or was cut short; fetch it again";
  throw core::Error(core::ExitCode::data, where + ": " + what, std::move(hint));
}

std::vector<MatVariable> parse_container(Bytes bytes, const std::string& file) {
  check_file_header(bytes, file);
  std::vector<MatVariable> variables;
  std::size_t position = kFileHeader;
  while (position < bytes.size()) {
    const std::string where = file + " byte " + std::to_string(position);
    if (bytes.size() - position < kTag) refuse(where, "a tag that is cut short");
    MatVariable variable = parse_element(bytes, position, where);
    position = variable.offset + variable.stored_bytes;
    add_variable(variables, std::move(variable), file);
  }
  return variables;
}

}  // namespace svhn::formats::mat
