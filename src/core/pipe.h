#pragma once
/// Pipes as input: named ones, and a standard input that is one. Only those that the user has named are read:
/// one that a folder happens to hold would block for ever.

#include <filesystem>

#include "core/error.h"

namespace svhn::core {

/// Allows a pipe as input. Nothing for any other path.
void allow_pipe(const std::filesystem::path& path);

/// @returns whether a descriptor is open on an allowed pipe.
bool is_allowed_pipe(int descriptor);

/// Reads a pipe to its end into a file in memory, which is kept for the life of the process: a pipe gives its
/// bytes only once, and a second call for the same pipe returns the same file.
/// @param descriptor of the pipe, opened with O_NONBLOCK.
/// @returns the descriptor of that file, which stays open.
/// @throws Error(code) for more than 4 GiB, and when it cannot be read; Interrupted when a signal has asked
/// the process to stop.
int file_of_pipe(int descriptor, const std::filesystem::path& path, ExitCode code);

/// For libraries that open files themselves.
/// @returns the path of the file in memory for an allowed pipe, valid in this process and those that it
/// forks; any other path as it is. @throws as file_of_pipe.
std::filesystem::path path_of_content(const std::filesystem::path& path, ExitCode code);

}  // namespace svhn::core
