#pragma once
/// The files and folders that may stand in a word.

#include <string>
#include <vector>

#include "cli/completion/completion.h"

namespace svhn::cli {

/// Lists one folder. Names that begin with a dot are left out until the dot has been typed.
/// @param typed what stands in the word so far: a path, whose folder is listed. A "~/" is the home folder.
/// @returns paths that begin as the typed one does, sorted; those of folders end in "/".
std::vector<std::string> list_files(const std::string& typed, const FileRequest& request);

}  // namespace svhn::cli
