#include "cli/completion/files.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace svhn::cli {
namespace {

namespace fs = std::filesystem;

/// @returns the folder that a shell sees in "", "folder/" and "~/folder/".
fs::path folder_of(const std::string& typed) {
  if (const char* home = std::getenv("HOME"); home != nullptr && typed.starts_with("~/"))
    return home + typed.substr(1);
  return typed.empty() ? "." : typed;
}

bool is_wanted(const std::string& name, const FileRequest& request) {
  const auto ends = [&name](const std::string& ending) { return name.ends_with(ending); };
  return request.endings.empty() || std::any_of(request.endings.begin(), request.endings.end(), ends);
}

}  // namespace

std::vector<std::string> list_files(const std::string& typed, const FileRequest& request) {
  const std::string folder = typed.substr(0, typed.rfind('/') + 1);  // npos + 1 is 0.
  const std::string begin = typed.substr(folder.size());
  std::vector<std::string> found;
  std::error_code error;
  fs::directory_iterator entry(folder_of(folder), error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(begin) || (name.starts_with('.') && begin.empty())) continue;
    std::error_code unreadable;
    if (entry->is_directory(unreadable)) {
      found.push_back(folder + name + "/");
    } else if (!request.folders_only && is_wanted(name, request)) {
      found.push_back(folder + name);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace svhn::cli
