#pragma once
/// The header of a safetensors file: what `SafetensorsFile` and `write_safetensors` put together from.
///
/// Checksums live in `__metadata__`, where other readers see three kinds of strings and ignore them:
///
/// `svhn.checksums` is "xxh3-64 1048576", the algorithm and the bytes of a piece.
///
/// `svhn.checksum.<tensor>` has 16 lower-case hex digits for each piece of 1 MiB of the tensor (the last one
/// may be shorter), joined; it is empty for a tensor without bytes.
///
/// `svhn.checksum` has 16 hex digits for the 8 length bytes and the header, taken while these 16 digits are
/// '0'.
///
/// Digits are those of Python's `xxhash.xxh3_64_hexdigest(bytes)`. A file with one of these keys must have
/// all.

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

/// A file begins with the length of its JSON header, little-endian in so many bytes.
inline constexpr std::size_t kLengthBytes = 8;

inline constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxHeaderBytes = 100'000'000;  ///< The format's own limit.
inline constexpr std::size_t kMaxTensors = 100'000;  ///< Keeps a hostile header below 100 MB of memory.
inline constexpr std::size_t kMaxRank = 32;
inline constexpr std::size_t kMaxMetadata = 110'000;  ///< Entries: one checksum a tensor and some more.

/// The parsed and checked header of a file.
struct SafetensorsHeader {
  std::vector<TensorInfo> tensors;              ///< By offset.
  std::map<std::string, std::string> metadata;  ///< Without the checksums.
  bool has_checksums = false;
  std::vector<std::vector<std::uint64_t>> digests;  ///< Of each tensor's pieces; empty without checksums.
  std::size_t data_begin = 0;                       ///< Where the data part starts in the file.
};

/// Which file is read, and what its faults count as.
struct SafetensorsSource {
  std::string name;
  core::ExitCode code = core::ExitCode::data;
  /// @throws core::Error(code) with "'name': message" and a hint.
  [[noreturn]] void refuse(const std::string& message) const;
};

/// Reads a header and believes nothing in it.
/// @param file the whole file. @throws core::Error(source.code), see `SafetensorsFile`.
SafetensorsHeader read_safetensors_header(std::span<const std::byte> file, const SafetensorsSource& source);

/// What the JSON of a header says, before it is compared with the file.
struct SafetensorsJson {
  std::vector<TensorInfo> tensors;  ///< In the order of the text; `bytes` is end - offset.
  std::map<std::string, std::string> metadata;
};

/// Parses the JSON of a header strictly: no duplicate, unknown or missing keys, no nesting beyond the
/// format's.
SafetensorsJson parse_safetensors_json(std::string_view text, const SafetensorsSource& source);

/// @returns the number of elements times the item size, or nothing when that does not fit.
std::optional<std::size_t> tensor_bytes(const std::vector<std::int64_t>& shape, DType dtype);

/// @returns a name fit for a one-line message: quoted, control characters replaced, cut when long.
std::string quoted_name(std::string_view name);

/// Moves the checksums out of `header.metadata` into `header.digests` and checks that of the header itself.
/// @param head the 8 length bytes and the header's text.
void take_checksums(SafetensorsHeader& header, std::span<const std::byte> head,
                    const SafetensorsSource& source);

/// Adds the entries of all checksums to `metadata`, that of the header itself as 16 zeros.
void add_checksum_entries(const SafetensorsHeader& header, std::map<std::string, std::string>& metadata);
/// Replaces these zeros in the finished length bytes and text.
void sign_head(std::string& head);

/// @returns XXH3-64 of each piece of 1 MiB.
std::vector<std::uint64_t> piece_digests(std::span<const std::byte> bytes);
/// @returns XXH3-64 of the bytes.
std::uint64_t digest_of(std::span<const std::byte> bytes);

/// @returns the 8 length bytes and the header's text with all checksums, padded with spaces to a multiple of
/// 64 bytes.
/// @param header tensors with their offsets, digests and metadata; `data_begin` is not read.
std::string make_safetensors_header(const SafetensorsHeader& header);

}  // namespace svhn::formats
