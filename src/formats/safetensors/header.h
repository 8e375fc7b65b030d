#pragma once
/// The header of a safetensors file, for `SafetensorsFile` and `write_safetensors`.
///
/// Checksums are three kinds of strings in `__metadata__`, which other readers ignore:
///
/// `svhn.checksums` is "xxh3-64 1048576": the algorithm and the length of a piece in bytes.
///
/// `svhn.checksum.<tensor>` joins 16 lower-case hex digits for each piece of 1 MiB of the tensor (the last
/// piece may be shorter); it is empty for a tensor without bytes.
///
/// `svhn.checksum` has 16 hex digits for the 8 length bytes and the header, computed with these 16 digits set
/// to '0'.
///
/// The digits are those of Python's `xxhash.xxh3_64_hexdigest(bytes)`. A file with one of these keys must
/// have all.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "formats/safetensors/safetensors.h"

namespace svhn::formats {

/// Bytes of the little-endian length of the JSON header, with which a file begins.
inline constexpr std::size_t kLengthBytes = 8;

inline constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxHeaderBytes = 100'000'000;  ///< The format's limit.
inline constexpr std::size_t kMaxTensors = 100'000;          ///< Limits a hostile header to 100 MB of memory.
inline constexpr std::size_t kMaxRank = 32;
inline constexpr std::size_t kMaxMetadata = 110'000;  ///< Entries: one checksum per tensor and some others.

/// The parsed and checked header of a file.
struct SafetensorsHeader {
  std::vector<TensorInfo> tensors;              ///< Sorted by offset.
  std::map<std::string, std::string> metadata;  ///< Without the checksums.
  bool has_checksums = false;
  std::vector<std::vector<std::uint64_t>>
      digests;                 ///< Of the pieces of each tensor; empty without checksums.
  std::size_t data_begin = 0;  ///< Offset of the data part in the file.
};

/// Name of the file in messages and the exit code of its failures.
struct SafetensorsSource {
  std::string name;
  core::ExitCode code = core::ExitCode::data;
  /// @throws core::Error(code) with "'name': message" and a hint, by default that the file is damaged.
  [[noreturn]] void refuse(const std::string& message, const std::string& hint = {}) const;
};

/// Reads and validates a header.
/// @param file all bytes of the file. @throws core::Error(source.code), see `SafetensorsFile`.
SafetensorsHeader read_safetensors_header(std::span<const std::byte> file, const SafetensorsSource& source);

/// @returns the number of elements times the item size, or nullopt when it overflows.
std::optional<std::size_t> tensor_bytes(const std::vector<std::int64_t>& shape, DType dtype);

/// @returns a name for a one-line message: quoted, control characters replaced, cut when long.
std::string quoted_name(std::string_view name);

/// Moves the checksums from `header.metadata` to `header.digests` and verifies that of the header.
/// @param head the 8 length bytes and the text of the header.
void take_checksums(SafetensorsHeader& header, std::span<const std::byte> head,
                    const SafetensorsSource& source);

/// Adds the entries of all checksums to `metadata`, with 16 zeros as that of the header.
void add_checksum_entries(const SafetensorsHeader& header, std::map<std::string, std::string>& metadata);
/// Replaces these zeros by the checksum. @param head the 8 length bytes and the text of the header.
void sign_head(std::string& head);

/// @returns XXH3-64 of each piece of 1 MiB.
std::vector<std::uint64_t> piece_digests(std::span<const std::byte> bytes);
/// @returns XXH3-64 of the bytes.
std::uint64_t digest_of(std::span<const std::byte> bytes);

/// @returns the 8 length bytes and the text of the header with all checksums, padded with spaces to a
/// multiple of 64 bytes.
/// @param header tensors with their offsets, digests and metadata; `data_begin` is not read.
std::string make_safetensors_header(const SafetensorsHeader& header);

}  // namespace svhn::formats
