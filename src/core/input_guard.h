#pragma once
/// Keeps what a command writes from replacing what it reads. The guard is off until a program sets it up, so
/// that libraries may be used without it. Then every file that MappedFile opens is an input, and no
/// AtomicFile can replace one.

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/paths.h"

namespace svhn::core {

/// A path, and what the user called it by.
struct NamedPath {
  std::string name;  ///< E.g. "--model"; empty: none.
  std::filesystem::path path;
};

/// Sets up the guard for the paths of a command line.
/// @throws Error(usage), naming both, when an output is the same file as an input or as another output: by
/// any path, hard link or symbolic link. Devices and pipes are no files. Without any path the guard is off
/// again.
void guard_inputs(const std::vector<NamedPath>& inputs, std::vector<NamedPath> outputs);

/// Adds an input, as MappedFile does; nothing if it does not exist.
void add_input(const std::filesystem::path& path);
void add_input(const std::filesystem::path& path, const FileId& id);

/// Excepts a file of the caller's own state, which it reads and then replaces, e.g. a checkpoint. Call it
/// after reading.
void allow_replacing(const std::filesystem::path& path);

/// Checks files whose names do not stand on the command line, before the first of them is written or removed,
/// and again the outputs that do. @throws Error(usage) as guard_inputs
void check_outputs(std::span<const std::filesystem::path> outputs);

/// Checks a folder whose files a command may remove. @throws Error(usage) when there is an input below it.
void check_removal(const std::filesystem::path& folder);

}  // namespace svhn::core
