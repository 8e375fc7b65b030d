#include "train/run_files.h"

#include <algorithm>
#include <cstdio>

#include "core/error.h"
#include "core/file.h"
#include "core/paths.h"

namespace svhn::train {

namespace fs = std::filesystem;

RunFiles::RunFiles(const fs::path& output, const std::string& name)
    : folder(output / name),
      model(output / (name + ".safetensors")),
      best_model(output / (name + ".best.safetensors")),
      history(output / (name + ".history.json")),
      config(folder / "config.resolved.json"),
      run_history(folder / "history.json"),
      metrics(folder / "metrics.jsonl"),
      log(folder / "train.log"),
      checkpoints(folder / "checkpoints"),
      last_checkpoint(checkpoints / "last.safetensors"),
      monitored(checkpoints / "monitored.safetensors"),
      summary(folder / "summary.json"),
      curves_png(folder / "curves.png"),
      curves_svg(folder / "curves.svg"),
      events(folder / "events.out.tfevents.0.svhn") {}

fs::path RunFiles::epoch_checkpoint(std::int64_t epoch) const {
  std::string number = std::to_string(epoch);
  number.insert(0, number.size() < 4 ? 4 - number.size() : 0, '0');
  return checkpoints / ("epoch-" + number + ".safetensors");
}

std::vector<fs::path> RunFiles::all() const {
  return {model,   best_model, history,    config, run_history,     metrics,  log,
          summary, curves_png, curves_svg, events, last_checkpoint, monitored};
}

std::vector<fs::path> RunFiles::existing() const {
  std::vector<fs::path> found = all();
  found.pop_back();  // Weights of an epoch alone are no run.
  std::error_code error;
  std::erase_if(found, [&](const fs::path& path) { return !fs::exists(path, error); });
  return found;
}

void RunFiles::remove_existing() const {
  remove_temporaries();
  std::vector<fs::path> own = all();
  // The next run replaces it at once, and may have been given it as its config.
  std::erase(own, config);
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(checkpoints, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("epoch-") && name.ends_with(".safetensors")) own.push_back(entry.path());
  }
  if (!fs::is_symlink(checkpoints)) own.push_back(checkpoints);
  for (const auto& path : own) {
    if (core::is_stream(path)) continue;
    fs::remove(core::final_path(path), error);
    // A folder with other files stays.
    if (!error || error == std::errc::directory_not_empty) continue;
    throw core::Error(core::ExitCode::data, "cannot remove '" + path.string() + "': " + error.message(),
                      "choose another --output");
  }
}

void RunFiles::remove_temporaries() const {
  for (const auto& where : {folder, checkpoints}) {
    core::remove_temporaries(where, [](const fs::path&) { return true; });
  }
  // Another run may be writing to the same output folder.
  core::remove_temporaries(model.parent_path(), [this](const fs::path& target) {
    return target == model || target == best_model || target == history;
  });
}

}  // namespace svhn::train
