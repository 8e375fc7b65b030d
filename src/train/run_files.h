#pragma once
/// The paths of a run's files: OUTPUT/NAME.safetensors, .best.safetensors, .history.json and the run folder
/// OUTPUT/NAME/ {config.resolved.json, history.json, metrics.jsonl, train.log, checkpoints/, summary.json,
/// curves.png, curves.svg, events.out.tfevents.0.svhn}.

#include <filesystem>
#include <string>
#include <vector>

namespace svhn::train {

struct RunFiles {
  /// @param output the folder OUTPUT. @param name the config's name.
  RunFiles(const std::filesystem::path& output, const std::string& name);

  std::filesystem::path folder;
  std::filesystem::path model;
  std::filesystem::path best_model;
  std::filesystem::path history;
  std::filesystem::path config;
  std::filesystem::path run_history;
  std::filesystem::path metrics;
  std::filesystem::path log;
  std::filesystem::path checkpoints;
  std::filesystem::path last_checkpoint;
  std::filesystem::path monitored;  ///< Weights of the epoch that early stopping would restore.
  std::filesystem::path summary;
  std::filesystem::path curves_png;
  std::filesystem::path curves_svg;
  std::filesystem::path events;  ///< TensorBoard's, if enabled.

  /// @param epoch from 1. @returns the path of its checkpoint: checkpoints/epoch-0007.safetensors.
  [[nodiscard]] std::filesystem::path epoch_checkpoint(std::int64_t epoch) const;
  /// @returns the paths of the run's files that exist.
  [[nodiscard]] std::vector<std::filesystem::path> existing() const;
  /// @returns the paths of all files of a run but the checkpoints of its epochs.
  [[nodiscard]] std::vector<std::filesystem::path> all() const;
  /// Removes the files of a former run, except its config, and the checkpoint folder if it holds nothing
  /// else.
  /// @throws core::Error(data) when that fails.
  void remove_existing() const;
  /// Removes temporary files of core::AtomicFile that a killed process left.
  void remove_temporaries() const;
};

}  // namespace svhn::train
