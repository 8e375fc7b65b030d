#include "cli/engine/predict_files.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "core/json.h"
#include "data/images/file_tree.h"

namespace svhn::cli {
namespace {

namespace fs = std::filesystem;

/// @returns whether a file's name says that it is a picture.
bool is_named_as_picture(const fs::path& file) {
  constexpr std::array<std::string_view, 22> kEndings{
      ".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".pbm",  ".pgm",
      ".ppm", ".pnm", ".pam",  ".gif", ".jp2", ".exr", ".hdr",  ".sr",  ".ras",  ".avif", ".heic"};
  std::string ending = file.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

/// @returns whether a file only happens to lie beside pictures.
bool is_beside(const Answer& answer) {
  return answer.picture.foreign && !answer.folder.empty() && !is_named_as_picture(answer.file);
}

void say_left_out(const std::string& folder, const std::vector<std::string>& names, const char* what,
                  const char* why) {
  if (names.empty()) return;
  spdlog::warn("'{}': left out {}{}", core::printable(folder, kLongestName),
               core::printable(data::count_text(names, what), kLongestName), why);
}

/// Adds the files of a folder and its subfolders, sorted by name, and says what is left out.
void add_folder(const fs::path& folder, std::vector<Answer>& answers) {
  const std::size_t before = answers.size();
  const std::string name = folder.string();
  const data::FileTree tree = data::list_tree(folder);
  for (const std::string& file : tree.files) answers.push_back({(folder / file).string(), name});
  for (const auto& [inner, reason] : tree.unlisted) {
    answers.push_back({inner.empty() ? name : (folder / inner).string(), name, "the folder " + reason});
  }
  if (answers.size() == before) answers.push_back({name, name, "the folder holds no files"});
  say_left_out(name, tree.hidden, "hidden file", "");
  say_left_out(name, tree.repeated, "folder", ", read already under another path");
}

}  // namespace

void add_files(const fs::path& path, std::vector<Answer>& answers) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    add_folder(path, answers);
  } else {
    answers.push_back({path.string()});
  }
}

bool LeftOut::take(const Answer& answer) {
  if (!is_beside(answer)) {
    if (!answer.folder.empty()) kept_.insert(answer.folder);
    return false;
  }
  others_[answer.folder].push_back(answer.file);
  return true;
}

std::vector<Answer> LeftOut::finish() {
  std::vector<Answer> empty;
  for (auto& [folder, files] : others_) {
    for (std::string& file : files) file = fs::path(file).lexically_relative(folder).string();
    say_left_out(folder, files, "file",
                 files.size() == 1 ? ", which is no picture" : ", which are no pictures");
    if (!kept_.contains(folder)) empty.push_back({folder, folder, "the folder holds no pictures"});
  }
  others_.clear();
  kept_.clear();
  return empty;
}

}  // namespace svhn::cli
