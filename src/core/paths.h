#pragma once
/// What a path names, whatever its spelling.

#include <cstdint>
#include <filesystem>
#include <optional>

#include "core/error.h"

namespace svhn::core {

/// A file by device and inode: all its hard links, and all paths to it through symbolic links, have the same.
struct FileId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  bool operator==(const FileId&) const = default;
  bool operator<(const FileId& other) const {
    return device != other.device ? device < other.device : inode < other.inode;
  }
};

/// @returns the file or folder that a path leads to; nothing if there is none.
std::optional<FileId> file_id(const std::filesystem::path& path);
/// @returns the file of an open descriptor; nothing if it is not open or the file has been removed.
std::optional<FileId> descriptor_id(int descriptor);

/// Follows the symbolic links at the end of a path, also those whose target does not exist.
/// @returns the path of the file that a new file at `path` would be; a link only if they form a circle.
std::filesystem::path final_path(const std::filesystem::path& path);

/// @returns whether two paths lead to one file, or would after one of them is written.
bool is_same_file(const std::filesystem::path& a, const std::filesystem::path& b);

/// @returns the number of the open descriptor that a path names, such as /dev/stdout or /dev/fd/3; else
/// nothing.
std::optional<int> named_descriptor(const std::filesystem::path& path);

/// @returns whether a path leads to a device, a pipe, a socket or an open descriptor: to what can be written,
/// but not replaced by another file.
bool is_stream(const std::filesystem::path& path);

/// @returns whether `path` leads to a file or folder below the folder `folder`.
bool is_below(const std::filesystem::path& path, const std::filesystem::path& folder);

/// Creates a folder and those above it. @throws Error(code)
void make_folders(const std::filesystem::path& folder, ExitCode code);

}  // namespace svhn::core
