#include "cli/engine/kept_results.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <thread>

#include "cli/engine/model_source.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/file.h"
#include "core/input_guard.h"
#include "core/json.h"
#include "core/lock.h"

namespace svhn::cli {

namespace fs = std::filesystem;

namespace {

constexpr double kPatience = 10.0;  // Seconds; a holder of the lock writes one small file.

/// Locks a folder, or goes on without after some time: the file in it is written atomically in any case.
void lock_patiently(const fs::path& folder, std::optional<core::FolderLock>& lock) {
  const auto start = core::Clock::now();
  while (!lock) {
    try {
      lock.emplace(folder);
    } catch (const core::Error& busy) {
      if (busy.code() != core::ExitCode::usage) throw;
      if (core::seconds_since(start) > kPatience) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
}

/// @returns the kinds that the folder has of the same subject; none of a file that is damaged.
std::map<std::string, nlohmann::ordered_json> earlier_kinds(const fs::path& folder,
                                                            const results::About& about) {
  const fs::path path = folder / results::kAboutFile;
  std::error_code none;
  if (!fs::exists(path, none)) return {};
  try {
    auto earlier = results::read_about(path);
    if (!results::same_subject(earlier, about)) return {};
    std::erase_if(earlier.kinds, [&](const auto& kind) {
      return std::none_of(results::kKinds.begin(), results::kKinds.end(), [&](const results::Kind& known) {
        return known.name == kind.first && fs::exists(folder / known.file, none);
      });
    });
    return earlier.kinds;
  } catch (const core::Error&) {
    return {};
  }
}

}  // namespace

std::optional<fs::path> results_folder_of(const fs::path& model, const model::ModelFile& file,
                                          const results::About& about) {
  const auto run = run_folder_of(model, file);
  if (!run) return std::nullopt;
  return *run / results::kResultsFolder / results::folder_name(about);
}

void list_results(const fs::path& folder, const results::About& about, const std::string& kind,
                  const nlohmann::ordered_json& options) {
  std::optional<core::FolderLock> lock;
  lock_patiently(folder, lock);
  results::About now = about;
  now.kinds = earlier_kinds(folder, about);
  now.kinds[kind] = options;
  now.kinds[kind]["date"] = about.date;
  core::allow_replacing(folder / results::kAboutFile);
  core::write_text_file(folder / results::kAboutFile, core::json_text(results::about_json(now)),
                        core::ExitCode::data);
}

void KeptResults::keep(const std::function<void(const fs::path&)>& write) {
  if (!folder_) return;
  try {
    write(*folder_);
  } catch (const core::Error& error) {
    if (error.code() != core::ExitCode::data) throw;
    spdlog::warn("warning: {}; the results are not kept for 'svhn report'", error.what());
    folder_.reset();
  }
}

std::string kept_text(const std::optional<fs::path>& folder) {
  return folder ? "What a report shows is also in " + folder->string() + "\n" : std::string();
}

}  // namespace svhn::cli
