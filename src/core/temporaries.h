#pragma once
/// The files that a killed process leaves where it was writing one atomically, see `AtomicFile`.

#include <filesystem>
#include <functional>
#include <string_view>

namespace svhn::core {

/// What `AtomicFile` puts behind a file's name while it is written; mkostemps fills in the X.
inline constexpr std::string_view kTemporaryEnding = ".XXXXXX.tmp";

/// Removes such files from a folder. @param ours asked with the file that one was to become.
void remove_temporaries(const std::filesystem::path& folder,
                        const std::function<bool(const std::filesystem::path& target)>& ours);

}  // namespace svhn::core
