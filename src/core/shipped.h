#pragma once
/// What comes with the program: configs and models.

#include <filesystem>
#include <optional>

namespace svhn::core {

/// Looks below ../share/svhn, seen from the folder of the program; a build folder has links to the source
/// tree there.
/// @param name a path below that folder, such as configs/q2_1.json
/// @param program the program's path; that of this process if it is left out
/// @returns the file; nothing if there is none, or if the name leads out of the folder.
std::optional<std::filesystem::path> shipped_file(const std::filesystem::path& name,
                                                  const std::filesystem::path& program = {});

/// @returns the folder that it looks in, of this process' program; it may be missing.
std::filesystem::path shipped_folder();

}  // namespace svhn::core
