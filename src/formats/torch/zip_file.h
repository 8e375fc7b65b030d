#pragma once
/// Zip archives, read through libzip: stored and deflated entries, each bounded by what its bytes can hold
/// and checked against its CRC-32.
/// @see PKWARE's APPNOTE.TXT, section 4

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace svhn::formats {

/// @returns whether the bytes start like a zip archive.
bool is_zip(std::span<const std::byte> file);

struct ZipEntry {
  std::string name;
  std::size_t bytes = 0;    ///< When unpacked.
  std::uint64_t index = 0;  ///< In the archive.
};

class ZipFile {
 public:
  /// Reads the directory alone.
  /// @param code what a refused file counts as.
  /// @throws Error(code) naming file and entry: missing, truncated or inconsistent, entries that overlap, are
  /// encrypted, packed otherwise or promise more than their bytes can hold, names twice, more than 100,000
  /// entries.
  ZipFile(const std::filesystem::path& path, core::ExitCode code);
  ~ZipFile();
  ZipFile(ZipFile&&) noexcept;
  ZipFile(const ZipFile&) = delete;
  ZipFile& operator=(const ZipFile&) = delete;

  [[nodiscard]] const std::vector<ZipEntry>& entries() const;  ///< In the directory's order.
  [[nodiscard]] const ZipEntry* find(std::string_view name) const;
  /// @returns the entry's bytes. @throws Error(code) when damaged (its CRC-32 does not match).
  [[nodiscard]] std::vector<std::byte> read(const ZipEntry& entry) const;
  [[nodiscard]] const std::filesystem::path& path() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace svhn::formats
