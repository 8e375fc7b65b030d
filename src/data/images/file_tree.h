#pragma once
/// The files below a folder, and what was left out of the list.

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace svhn::data {

/// Paths are relative to the folder, with '/' between their parts, and sorted bytewise.
struct FileTree {
  std::vector<std::string> files;     ///< All files below the folder, also broken links and devices.
  std::vector<std::string> folders;   ///< All folders below it that were listed.
  std::vector<std::string> hidden;    ///< Files and folders whose name begins with a dot; left out.
  std::vector<std::string> repeated;  ///< Paths of folders that are listed already; left out.
  std::vector<std::pair<std::string, std::string>> unlisted;  ///< Folders that cannot be listed, and why.
};

/// Lists a folder and the folders in it. Links to folders are followed, and every folder is listed once:
/// under its own path if that lies below `folder`, else under that of the first link to it. So circles of
/// links end. What cannot be listed is no error, not even `folder` itself, whose path in `unlisted` is "".
FileTree list_tree(const std::filesystem::path& folder);

/// @returns the number and the first names, for messages: "3 hidden files (a, b, c)"; up to 3 names.
/// @param what in the singular; more than one gets an s.
std::string count_text(const std::vector<std::string>& names, const std::string& what);

}  // namespace svhn::data
