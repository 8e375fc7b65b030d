#include "train/checkpoint.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>

#include "config/run_config.h"
#include "core/json.h"
#include "network/tensor_io.h"

namespace svhn::train {
namespace {

using core::Error;
using core::ExitCode;
using nlohmann::json;

constexpr std::array<std::string_view, 10> kMayDiffer{"/data/file",
                                                      "/train/epochs",
                                                      "/train/optimizer/learning_rate",
                                                      "/train/optimizer/backbone_learning_rate",
                                                      "/train/schedule",
                                                      "/train/early_stopping",
                                                      "/train/checkpoint_every",
                                                      "/train/keep_checkpoints",
                                                      "/train/tensorboard",
                                                      "/train/sync_batch_norm"};

bool may_differ(const std::string& pointer) {
  return std::any_of(kMayDiffer.begin(), kMayDiffer.end(),
                     [&](std::string_view prefix) { return pointer.starts_with(prefix); });
}

const std::string& entry(const model::ModelFile& file, const std::string& key) {
  const auto& metadata = file.file().metadata();
  const auto found = metadata.find(key);
  if (found != metadata.end()) return found->second;
  throw Error(ExitCode::model,
              "'" + file.file().path().string() + "' is a model, not a checkpoint (no '" + key + "')",
              "a run's checkpoints lie in OUTPUT/NAME/checkpoints");
}

/// @param key "threads" or "processes".
int count_of(const model::ModelFile& file, const std::string& key) {
  const std::string& text = entry(file, key);
  int count = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (fault == std::errc() && end == text.data() + text.size() && count > 0) return count;
  throw Error(
      ExitCode::model,
      "'" + file.file().path().string() + "' has no count of " + key + " but '" + core::printable(text) + "'",
      "the checkpoint is damaged; start over with --overwrite");
}

/// Older checkpoints lack the key.
int process_count(const model::ModelFile& file) {
  return file.file().metadata().contains("processes") ? count_of(file, "processes") : 1;
}

}  // namespace

void write_checkpoint(const std::filesystem::path& path, const CheckpointRecord& record,
                      const std::vector<network::NamedTensor>& tensors) {
  auto metadata = model::record_metadata(record.model, "checkpoint");
  metadata["state"] = state_json(record.state).dump();
  metadata["config"] = record.config;
  metadata["precision"] = record.precision;
  metadata["data"] = record.data;
  metadata["threads"] = std::to_string(record.threads);
  metadata["processes"] = std::to_string(record.processes);
  network::write_tensors(path, tensors, metadata);
}

CheckpointRecord read_checkpoint_record(const model::ModelFile& file) {
  const std::string source = file.file().path().string();
  return {file.record(),         state_from_json(entry(file, "state"), source),
          entry(file, "config"), entry(file, "precision"),
          entry(file, "data"),   count_of(file, "threads"),
          process_count(file)};
}

void check_same_run(const std::string& saved, const std::string& now, const std::string& source) {
  const json before = config::with_defaults(core::parse_json_strict(saved, source, ExitCode::model));
  const json after = config::with_defaults(core::parse_json_strict(now, "the config", ExitCode::bug));
  for (const auto& found : core::json_diff(before, after)) {
    if (may_differ(found.pointer)) continue;
    throw Error(ExitCode::model,
                "'" + source + "' was made with " + core::printable(found.pointer) + " = " +
                    core::printable(found.before) + ", not " + core::printable(found.after),
                "resume with the same config, or start over with --overwrite");
  }
}

std::string record_json(const CheckpointRecord& record) {
  return nlohmann::json{{"state", state_json(record.state).dump()},
                        {"precision", record.precision},
                        {"threads", record.threads},
                        {"processes", record.processes}}
      .dump();
}

CheckpointRecord record_from_json(const std::string& text) {
  const auto document = core::parse_json_strict(text, "rank 0", ExitCode::device);
  CheckpointRecord record;
  record.state = state_from_json(document.at("state").get<std::string>(), "rank 0");
  record.precision = document.at("precision").get<std::string>();
  record.threads = document.at("threads").get<int>();
  record.processes = document.at("processes").get<int>();
  return record;
}

}  // namespace svhn::train
