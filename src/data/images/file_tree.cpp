#include "data/images/file_tree.h"

#include <sys/stat.h>

#include <algorithm>
#include <deque>
#include <set>
#include <system_error>
#include <utility>

#include "core/words.h"

namespace svhn::data {
namespace {

namespace fs = std::filesystem;

/// Device and inode of a folder.
using Identity = std::pair<std::uint64_t, std::uint64_t>;

class TreeLister {
 public:
  explicit TreeLister(fs::path root) : root_(std::move(root)) {}

  FileTree list() {
    enter("");
    // Links come after all folders that are reached without them, so that a folder has its own path.
    while (!links_.empty()) {
      std::vector<std::string> links = std::exchange(links_, {});
      std::sort(links.begin(), links.end());
      for (const std::string& link : links) enter(link);
    }
    for (auto* names : {&tree_.files, &tree_.folders, &tree_.hidden, &tree_.repeated}) {
      std::sort(names->begin(), names->end());
    }
    std::sort(tree_.unlisted.begin(), tree_.unlisted.end());
    return std::move(tree_);
  }

 private:
  void enter(const std::string& folder) {
    for (std::deque<std::string> open{folder}; !open.empty(); open.pop_front()) {
      if (is_new(open.front())) {
        list_one(open.front(), open);
      } else {
        tree_.repeated.push_back(open.front());
      }
    }
  }

  [[nodiscard]] bool is_new(const std::string& folder) {
    struct stat status {};
    // A folder that cannot be looked up cannot be listed either, which is then reported.
    if (::stat((root_ / folder).c_str(), &status) != 0) return true;
    return seen_.emplace(status.st_dev, status.st_ino).second;
  }

  void list_one(const std::string& folder, std::deque<std::string>& open) {
    std::error_code error;
    fs::directory_iterator entry(root_ / folder, error);
    for (const fs::directory_iterator end; !error && entry != end; entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      const std::string path = (fs::path(folder) / name).string();
      std::error_code ignored;
      if (name.starts_with('.')) {
        tree_.hidden.push_back(path);
      } else if (!entry->is_directory(ignored)) {
        tree_.files.push_back(path);
      } else if (entry->is_symlink(ignored)) {
        links_.push_back(path);
      } else {
        open.push_back(path);
      }
    }
    if (error) {
      tree_.unlisted.emplace_back(folder, "cannot be listed: " + error.message());
    } else if (!folder.empty()) {
      tree_.folders.push_back(folder);
    }
  }

  fs::path root_;
  FileTree tree_;
  std::vector<std::string> links_;
  std::set<Identity> seen_;
};

}  // namespace

FileTree list_tree(const fs::path& folder) {
  return TreeLister(folder).list();
}

std::string count_text(const std::vector<std::string>& names, const std::string& what) {
  constexpr std::size_t kShown = 3;
  std::string text = core::counted(static_cast<std::int64_t>(names.size()), what) + " (";
  for (std::size_t i = 0; i < std::min(kShown, names.size()); ++i) text += (i == 0 ? "" : ", ") + names[i];
  return text + (names.size() > kShown ? ", …)" : ")");
}

}  // namespace svhn::data
