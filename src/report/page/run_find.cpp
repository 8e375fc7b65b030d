#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/json.h"
#include "report/page/runs.h"

namespace svhn::report {
namespace {

namespace fs = std::filesystem;

constexpr int kDepth = 6;
constexpr std::size_t kMostEntries = 200'000, kMostRuns = 500;
constexpr std::string_view kCurves = ".history.json";

class Search {
 public:
  void look_through(const fs::path& folder, int depth) {
    std::error_code error;
    const auto has = [&](const char* name) { return fs::is_regular_file(folder / name, error); };
    if (has("comparison.json")) comparisons_.insert(folder / "comparison.json");
    if (has("results.json")) {
      searches_.insert(folder / "results.json");
      return;
    }
    const bool run = has("history.json") || has("config.resolved.json") || has("summary.json");
    if (run) runs_.insert(folder);
    if (!run) look_below(folder, depth);
  }

  FoundRuns take() {
    FoundRuns found{{runs_.begin(), runs_.end()},
                    {searches_.begin(), searches_.end()},
                    {comparisons_.begin(), comparisons_.end()},
                    problems_};
    for (auto* list : {&found.runs, &found.searches, &found.comparisons}) {
      if (list->size() <= kMostRuns) continue;
      found.problems.push_back("only the first " + std::to_string(kMostRuns) + " of " +
                               std::to_string(list->size()) + " are shown");
      list->resize(kMostRuns);
    }
    return found;
  }

 private:
  void look_below(const fs::path& folder, int depth) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      if (++entries_ > kMostEntries) return note_too_many(folder);
      const std::string name = entry.path().filename().string();
      std::error_code ignored;
      if (name.ends_with(kCurves) && name.size() > kCurves.size() && entry.is_regular_file(ignored)) {
        runs_.insert(folder / name.substr(0, name.size() - kCurves.size()));
      } else if (depth > 0 && entry.is_directory(ignored) && !entry.is_symlink(ignored)) {
        look_through(entry.path(), depth - 1);
      }
    }
    if (error) {
      problems_.push_back("'" + core::printable(folder.string()) + "' cannot be read: " + error.message());
    }
  }

  void note_too_many(const fs::path& folder) {
    if (entries_ > kMostEntries + 1) return;
    problems_.push_back("there are too many files; those from '" + core::printable(folder.string()) +
                        "' on were passed by");
  }

  std::set<fs::path> runs_, searches_, comparisons_;
  std::vector<std::string> problems_;
  std::size_t entries_ = 0;
};

}  // namespace

FoundRuns find_runs(const std::vector<fs::path>& roots) {
  Search search;
  for (const fs::path& root : roots) {
    std::error_code error;
    if (!fs::is_directory(root, error)) {
      throw core::Error(core::ExitCode::data, "'" + root.string() + "' is not a folder",
                        "name a folder with runs, such as the --output of 'svhn train'");
    }
    // Without a last slash, so that the folder has a name.
    const fs::path plain = root.lexically_normal();
    search.look_through(plain.has_filename() ? plain : plain.parent_path(), kDepth);
  }
  return search.take();
}

}  // namespace svhn::report
