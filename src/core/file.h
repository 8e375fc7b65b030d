#pragma once
/// Files on disk: read-only mappings and atomic writes.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/error.h"

namespace svhn::core {

/// A file mapped read-only into memory; the kernel reads its pages at first access.
class MappedFile {
 public:
  /// @param path a regular file, or a pipe that the command line names, see pipe.h.
  /// @param code exit code of a failure (`data`, `model`, …).
  /// @throws Error when the file is missing, a folder, not readable or not mappable.
  MappedFile(const std::filesystem::path& path, ExitCode code);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Lets the kernel drop bytes `[offset, offset + length)` from memory, which keeps the resident set small.
  void release(std::size_t offset, std::size_t length) const;

 private:
  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// What a file holds. Text may also be written to a device, a pipe or an open descriptor (/dev/stdout), as it
/// comes; all else needs a file.
enum class Content { binary, text };

/// @throws Error(usage) when a path leads to a device, a pipe or an open descriptor. @see is_stream
void refuse_stream(const std::filesystem::path& path);

/// Writes a file under a temporary name in the same folder. `commit()` syncs it to disk, renames it to its
/// final name and syncs the folder. The destructor removes the file when `commit()` was not called. A
/// symbolic link is kept: the file that it leads to is replaced. The temporary file is locked, so that other
/// processes know that its owner lives; those that dead processes have left are removed.
class AtomicFile {
 public:
  /// Creates missing parent folders and opens the temporary file.
  /// @throws Error(usage) for the file of an input, see input_guard.h, and for binary content and a device or
  /// a pipe; Error(code) when the folder cannot be made or written.
  AtomicFile(std::filesystem::path path, ExitCode code, Content content = Content::binary);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  /// Appends bytes. @throws Error(code) when the disk is full or the write fails.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  /// Gives the file its final name. @throws Error(code); Error(data) when an input has changed, see
  /// mappings.h.
  void commit();

 private:
  void open_stream(Content content);
  void open_temporary();
  void fail(const char* action) const;

  std::filesystem::path path_;
  std::filesystem::path target_;     // Behind symbolic links.
  std::filesystem::path temporary_;  // Empty: a device or a pipe, or committed.
  ExitCode code_;
  int descriptor_ = -1;
};

/// Writes a text file atomically, see `AtomicFile`. @throws Error(code)
void write_text_file(const std::filesystem::path& path, std::string_view text, ExitCode code);

/// Reads a text file. @param max_bytes larger files are refused before memory is allocated.
/// @throws Error(code)
std::string read_text_file(const std::filesystem::path& path, ExitCode code, std::size_t max_bytes);

/// Removes the temporary files that dead processes have left in a folder, see `AtomicFile`. On a file system
/// without locks they stay.
/// @param ours called with the final name of each temporary file; true: remove it.
void remove_temporaries(const std::filesystem::path& folder,
                        const std::function<bool(const std::filesystem::path& target)>& ours);

}  // namespace svhn::core
