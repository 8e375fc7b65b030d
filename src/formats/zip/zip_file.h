#pragma once
/// Zip archives, read through libzip: stored and deflated entries. The size of an entry is limited by its
/// stored bytes, and its CRC-32 is checked.
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

/// @returns whether the bytes begin like a zip archive.
bool is_zip(std::span<const std::byte> file);

struct ZipEntry {
  std::string name;
  std::size_t bytes = 0;    ///< Uncompressed size.
  std::uint64_t index = 0;  ///< Index in the archive.
};

class ZipFile {
 public:
  /// Reads only the directory.
  /// @param code exit code of a failure.
  /// @throws Error(code) naming file and entry: missing, truncated or inconsistent, entries that overlap, are
  /// encrypted, use another compression or claim more than their bytes can hold, duplicate names, more than
  /// 100,000 entries, or entries that together are more than 100 times as long as the archive (and 64 MiB).
  ZipFile(const std::filesystem::path& path, core::ExitCode code);
  ~ZipFile();
  ZipFile(ZipFile&&) noexcept;
  ZipFile(const ZipFile&) = delete;
  ZipFile& operator=(const ZipFile&) = delete;

  [[nodiscard]] const std::vector<ZipEntry>& entries() const;  ///< In directory order.
  [[nodiscard]] const ZipEntry* find(std::string_view name) const;
  /// @returns the entry's bytes. @throws Error(code) when damaged (its CRC-32 does not match).
  [[nodiscard]] std::vector<std::byte> read(const ZipEntry& entry) const;
  [[nodiscard]] const std::filesystem::path& path() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace svhn::formats
