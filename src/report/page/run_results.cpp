#include "report/page/run_results.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

#include "core/error.h"
#include "core/json.h"
#include "model/model_file.h"

namespace svhn::report {
namespace {

namespace fs = std::filesystem;
using results::About;

constexpr std::size_t kMostFolders = 1'000, kMostResults = 100;

/// The digests of a run's models as they are now.
class CurrentModels {
 public:
  explicit CurrentModels(const RunIdentity& run) : run_(run) {}

  /// @returns whether the model of a result is that file still.
  bool has(const About& about) {
    const fs::path file(about.model.file);
    if (about.model.which == "other" || file.has_parent_path()) return false;
    const auto [entry, fresh] = digests_.try_emplace(about.model.which);
    if (fresh) {
      entry->second = digest(run_.folder.parent_path() /
                             (run_.name + (about.model.which == "best" ? ".best" : "") + ".safetensors"));
    }
    return !entry->second.empty() && entry->second == about.model.digest;
  }

 private:
  static std::string digest(const fs::path& path) {
    std::error_code error;
    if (!fs::exists(path, error)) return {};
    try {
      return results::model_digest(model::ModelFile(path));
    } catch (const core::Error&) {
      return {};  // A model that cannot be read is not the one that was evaluated.
    }
  }

  const RunIdentity& run_;
  std::map<std::string, std::string> digests_;
};

std::set<fs::path> folders_in(const fs::path& folder) {
  std::set<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    std::error_code ignored;
    if (entry.is_directory(ignored) && !entry.is_symlink(ignored)) found.insert(entry.path());
    if (found.size() == kMostFolders) break;
  }
  return found;
}

/// @throws core::Error(data) when a folder does not say of what its results are.
About read_subject(const fs::path& folder) {
  std::error_code error;
  const std::string quoted = "'" + core::printable(folder.string(), 1000) + "'";
  const fs::path path = folder / results::kAboutFile;
  if (!fs::exists(path, error)) {
    throw core::Error(core::ExitCode::data,
                      quoted + " has no about.json, which says of what the results are; they are not shown");
  }
  About about = results::read_about(path);
  if (folder.filename() == results::folder_name(about)) return about;
  throw core::Error(core::ExitCode::data,
                    quoted + " holds results of something else than its name says; they are not shown");
}

/// Place of a result's model and split in the order of `arrange`.
std::size_t rank(const std::string& name, const std::array<const char*, 3>& order) {
  return static_cast<std::size_t>(std::find(order.begin(), order.end(), name) - order.begin());
}

bool own_data(const ResultRecord& result) {
  return result.same_as_training.value_or(false);
}

auto order_of(const ResultRecord& result) {
  const About& about = result.about;
  return std::tuple(!own_data(result), !result.found.evaluation.has_value(),
                    rank(about.model.which, {"best", "last", "other"}),
                    rank(about.split, {"test", "val", "train"}), about.precision != "float32");
}

bool before(const ResultRecord& a, const ResultRecord& b) {
  const auto left = order_of(a), right = order_of(b);
  if (left != right) return left < right;
  if (a.about.date != b.about.date) return a.about.date > b.about.date;
  return a.folder < b.folder;
}

}  // namespace

RunResults read_results(const RunIdentity& run, std::vector<std::string>& problems) {
  RunResults results;
  CurrentModels models(run);
  for (const fs::path& folder : folders_in(run.folder / results::kResultsFolder)) {
    try {
      ResultRecord result{folder, read_subject(folder), {}, std::nullopt, false, {}};
      if (!models.has(result.about)) {
        results.stale.push_back(folder);
        continue;
      }
      if (results.shown.size() == kMostResults) {
        throw core::Error(core::ExitCode::data,
                          "'" + run.folder.string() + "' has more results than a page shows");
      }
      if (!run.data_fingerprint.empty())
        result.same_as_training = run.data_fingerprint == result.about.data.fingerprint;
      result.found = read_interpretation(folder, result.about, problems);
      results.shown.push_back(std::move(result));
    } catch (const core::Error& error) {
      problems.emplace_back(error.what());
    }
  }
  arrange(results.shown);
  return results;
}

void arrange(std::vector<ResultRecord>& results) {
  std::sort(results.begin(), results.end(), before);
  std::set<std::string> taken;
  for (ResultRecord& result : results) {
    const std::string brief = result.about.model.which + "-" + result.about.split;
    // Only results on the training's own data have the short name, so that it stays theirs.
    const bool is_first = own_data(result) && taken.insert(brief).second;
    result.slug = is_first ? brief : results::folder_name(result.about);
    result.primary = &result == &results.front() && own_data(result);
  }
}

const ResultRecord* test_result(const std::vector<ResultRecord>& results) {
  const auto found = std::find_if(results.begin(), results.end(), [](const ResultRecord& result) {
    return own_data(result) && result.about.split == "test" && result.found.evaluation;
  });
  return found == results.end() ? nullptr : &*found;
}

const ResultRecord* primary_result(const std::vector<ResultRecord>& results) {
  return !results.empty() && results.front().primary ? &results.front() : nullptr;
}

}  // namespace svhn::report
