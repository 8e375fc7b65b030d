#include "core/paths.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>

namespace svhn::core {

namespace fs = std::filesystem;

namespace {

constexpr int kMostLinks = 40;  // As Linux allows.

/// @returns whether a path stands in the folder of this process' descriptors, whose links are not text but
/// open files.
bool is_descriptor(const fs::path& path) {
  std::error_code error;
  const fs::path folder = fs::canonical(path.parent_path(), error);
  return !error && folder == fs::canonical("/proc/self/fd", error) && !error;
}

/// @returns an absolute path without links, "." and ".."; of a file that need not exist.
fs::path canonical_path(const fs::path& path) {
  std::error_code error;
  const fs::path target = fs::absolute(final_path(path), error);
  fs::path canonical = fs::weakly_canonical(target, error);
  return error ? target : canonical;
}

}  // namespace

std::optional<FileId> file_id(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileId{status.st_dev, status.st_ino};
}

std::optional<FileId> descriptor_id(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || status.st_nlink == 0) return std::nullopt;
  return FileId{status.st_dev, status.st_ino};
}

fs::path final_path(const fs::path& path) {
  fs::path at = path;
  std::error_code error;
  for (int links = 0; links < kMostLinks && fs::is_symlink(fs::symlink_status(at, error)); ++links) {
    if (is_descriptor(at)) break;
    const fs::path target = fs::read_symlink(at, error);
    if (error) break;
    at = at.parent_path() / target;  // An absolute target replaces everything before it.
  }
  return at;
}

std::optional<int> named_descriptor(const fs::path& path) {
  const fs::path at = final_path(path);
  if (!is_descriptor(at)) return std::nullopt;
  const std::string text = at.filename().string();
  int descriptor = -1;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), descriptor);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return descriptor;
}

bool is_stream(const fs::path& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  const bool special = fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
  return special || named_descriptor(path).has_value();
}

bool is_same_file(const fs::path& a, const fs::path& b) {
  const auto first = file_id(a), second = file_id(b);
  if (first || second) return first == second;
  return canonical_path(a) == canonical_path(b);
}

bool is_below(const fs::path& path, const fs::path& folder) {
  const fs::path inner = canonical_path(path), outer = canonical_path(folder);
  const auto [at, end] = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  return at == outer.end() && end != inner.end();
}

void make_folders(const fs::path& folder, ExitCode code) {
  std::error_code error;
  if (folder.empty() || fs::create_directories(folder, error) || !error) return;
  throw Error(code, "cannot create the folder '" + folder.string() + "': " + error.message(),
              "choose a folder that you may write to");
}

}  // namespace svhn::core
