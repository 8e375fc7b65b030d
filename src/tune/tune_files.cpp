#include "tune/tune_files.h"

#include <algorithm>

#include "core/error.h"
#include "core/file.h"
#include "core/lock.h"
#include "core/paths.h"

namespace svhn::tune {

namespace fs = std::filesystem;

namespace {

std::string trial_name(std::int64_t id) {
  std::string number = std::to_string(id);
  number.insert(0, number.size() < 4 ? 4 - number.size() : 0, '0');
  return "trial-" + number;
}

void remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (!error) return;
  throw core::Error(core::ExitCode::data, "cannot remove '" + path.string() + "': " + error.message(),
                    "choose another --output");
}

/// Also those of trials that have ended, whose folders no run opens again.
void remove_temporaries_below(const fs::path& trial) {
  const auto any = [](const fs::path&) { return true; };
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(trial, error))) return;
  core::remove_temporaries(trial, any);
  for (fs::recursive_directory_iterator entry(trial, error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (fs::is_directory(entry->symlink_status(error))) core::remove_temporaries(entry->path(), any);
  }
}

}  // namespace

TuneFiles::TuneFiles(const fs::path& output, const std::string& name)
    : folder(output / name),
      search(folder / "search.json"),
      results_json(folder / "results.json"),
      results_csv(folder / "results.csv"),
      chart_png(folder / "results.png"),
      chart_svg(folder / "results.svg"),
      best_config(folder / "best.config.json"),
      trials(folder / "trials"),
      lock(folder / ".lock") {}

fs::path TuneFiles::record(std::int64_t id) const {
  return trials / (trial_name(id) + ".json");
}

std::string TuneFiles::run_name(std::int64_t id, std::int64_t run, std::int64_t runs) {
  return trial_name(id) + (runs > 1 ? "-run-" + std::to_string(run + 1) : "");
}

std::vector<fs::path> TuneFiles::all() const {
  return {search, results_json, results_csv, chart_png, chart_svg, best_config};
}

std::vector<fs::path> TuneFiles::existing() const {
  std::vector<fs::path> found = all();
  found.push_back(trials);
  std::error_code error;
  std::erase_if(found, [&](const fs::path& path) { return !fs::exists(path, error); });
  return found;
}

void TuneFiles::remove_existing() const {
  // search.json goes last: when this process is killed before, the rest still counts as a search.
  std::vector<fs::path> ours;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(trials, error)) {
    if (entry.path().filename().string().starts_with("trial-")) ours.push_back(entry.path());
  }
  for (const auto& path : ours) remove_tree(path);
  if (!fs::is_symlink(trials)) fs::remove(trials, error);  // Fails, as intended, when other files are in it.
  for (const auto& path : {results_json, results_csv, chart_png, chart_svg, best_config, search}) {
    if (!core::is_stream(path)) remove_tree(core::final_path(path));
  }
}

void TuneFiles::remove_temporaries() const {
  core::remove_temporaries(folder, [own = all()](const fs::path& target) {
    return std::find(own.begin(), own.end(), target) != own.end();
  });
  core::remove_temporaries(
      trials, [](const fs::path& target) { return target.filename().string().starts_with("trial-"); });
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(trials, error)) {
    core::remove_dead_lock(entry.path());
    if (entry.path().filename().string().starts_with("trial-")) remove_temporaries_below(entry.path());
  }
}

}  // namespace svhn::tune
