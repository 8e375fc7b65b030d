#pragma once
/// Files on disk: read-only mappings and writes that either happen whole or not at all.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/error.h"

namespace svhn::core {

/// A whole file mapped read-only into memory; its pages are read when touched.
class MappedFile {
 public:
  /// @param path a regular file.
  /// @param code what a failure counts as (`data`, `model`, …).
  /// @throws Error when the file is missing, a folder, not readable or not mappable.
  MappedFile(const std::filesystem::path& path, ExitCode code);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Tells the kernel that `[offset, offset + length)` is not needed in memory for now (keeps the resident
  /// set small).
  void release(std::size_t offset, std::size_t length) const;

 private:
  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// A file that appears under its name only when `commit()` has returned: written beside it under a temporary
/// name, synced to disk and renamed, then the folder is synced. Destroyed without `commit()`, it leaves
/// nothing.
class AtomicFile {
 public:
  /// Creates missing parent folders and opens the temporary file.
  /// @throws Error(code) when the folder cannot be made or written.
  AtomicFile(std::filesystem::path path, ExitCode code);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  /// Appends bytes. @throws Error(code) when the disk is full or the write fails.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  /// Makes the file visible under its final name. @throws Error(code)
  void commit();

 private:
  void fail(const char* action) const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  ExitCode code_;
  int descriptor_ = -1;
};

/// Writes a whole text file atomically, see `AtomicFile`.
void write_text_file(const std::filesystem::path& path, std::string_view text, ExitCode code);

/// Reads a whole text file. @param max_bytes larger files are refused before memory is asked for.
std::string read_text_file(const std::filesystem::path& path, ExitCode code, std::size_t max_bytes);

}  // namespace svhn::core
