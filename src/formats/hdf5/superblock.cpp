#include "formats/hdf5/superblock.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "formats/hdf5/file.h"

namespace svhn::formats {
namespace {

constexpr std::array<unsigned char, 8> kSignature{0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
constexpr std::size_t kShortest = 48;  // Of the superblocks of version 2 and 3.

bool has_signature(std::span<const std::byte> bytes) {
  return bytes.size() >= kShortest &&
         std::equal(kSignature.begin(), kSignature.end(), bytes.begin(),
                    [](unsigned char a, std::byte b) { return std::byte{a} == b; });
}

std::uint64_t number(std::span<const std::byte> bytes, std::size_t at, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value |= std::to_integer<std::uint64_t>(bytes[at + i]) << 8 * i;
  return value;
}

/// Where a version keeps the sizes of addresses and lengths, the base address and the end of the file.
/// @see "HDF5 File Format Specification", II.A
struct Layout {
  std::size_t sizes, base, end;
};

Layout layout_of(std::uint64_t version) {
  if (version == 0) return {13, 24, 40};
  if (version == 1) return {13, 28, 44};
  return {9, 12, 28};
}

}  // namespace

std::optional<std::size_t> find_hdf5_superblock(std::span<const std::byte> file) {
  for (std::size_t at = 0; at < file.size(); at = at == 0 ? 512 : at * 2) {
    if (has_signature(file.subspan(at))) return at;
    if (at > file.size() / 2) break;
  }
  return std::nullopt;
}

std::string hdf5_superblock_fault(std::span<const std::byte> file) {
  const auto start = find_hdf5_superblock(file);
  if (!start) return "not an HDF5 file";
  const auto block = file.subspan(*start);
  const std::uint64_t version = number(block, 8, 1);
  if (version > 3) return "its superblock has the unknown version " + std::to_string(version);
  const Layout layout = layout_of(version);
  if (block.size() < layout.end + 8) return "the file ends within its superblock";
  if (number(block, layout.sizes, 1) != 8 || number(block, layout.sizes + 1, 1) != 8)
    return "its addresses are not of 8 bytes";
  if (number(block, layout.base, 8) != *start) return "its base address is wrong";
  const std::uint64_t end = number(block, layout.end, 8);
  if (end <= file.size()) return "";
  return "the file has " + std::to_string(file.size()) + " of " + std::to_string(end) + " bytes";
}

bool is_hdf5(std::span<const std::byte> file) {
  return find_hdf5_superblock(file).has_value();
}

}  // namespace svhn::formats
