#pragma once
/// Notices when a mapped file is changed by another process: a file that becomes shorter ends the process by
/// SIGBUS at the next access, one that is written over gives other bytes. The watch is off until a program
/// switches it on.

#include <cstddef>
#include <filesystem>
#include <span>

namespace svhn::core {

/// Switches the watch on. From then on an access to a page that a mapped file has lost prints one line, which
/// names the file, and a hint on stderr, and ends the process with exit code 4.
void watch_mappings();

/// MappedFile: adds a mapping, with the descriptor of its file, which is duplicated. Nothing while the watch
/// is off.
void add_mapping(std::span<const std::byte> bytes, const std::filesystem::path& path, int descriptor);
/// MappedFile: removes the mapping that begins at `begin`, before it is unmapped.
void remove_mapping(const std::byte* begin);

/// Call it before results are written or printed.
/// @throws Error(data) when a file was changed while it was mapped.
void check_mappings();

}  // namespace svhn::core
