#pragma once
/// The learning curves of a run, one number for each epoch, and their file NAME.history.json.

#include <array>
#include <cstddef>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

namespace svhn::metric {

/// The first four curves have equal lengths; each of the last three has the same length or is empty
/// (histories saved by Keras).
struct History {
  std::vector<double> loss;          ///< Mean over the epoch's training batches.
  std::vector<double> accuracy;      ///< Mean over the epoch's training batches, 0..1.
  std::vector<double> val_loss;      ///< On the validation split after the epoch.
  std::vector<double> val_accuracy;  ///< On the validation split after the epoch, 0..1.
  std::vector<double> learning_rate;
  std::vector<double> seconds;  ///< Wall time of the epoch.
  std::vector<double> images_per_second;

  /// @returns the number of epochs.
  [[nodiscard]] std::size_t epochs() const { return loss.size(); }
  bool operator==(const History&) const = default;
};

/// A curve of `History` and its key in the file.
struct HistoryField {
  std::string_view key;
  std::vector<double> History::*values;
  bool required;  ///< Whether it is one of the four curves that may not be empty.
};

/// @returns all curves in the order of the file.
const std::array<HistoryField, 7>& history_fields();

/// @returns {"loss":[…],"accuracy":[…],"val_loss":[…],"val_accuracy":[…],"learning_rate":[…],"seconds":[…],
/// "images_per_second":[…]}.
/// @throws core::Error(numeric) when a number is not finite, naming curve and epoch.
nlohmann::ordered_json history_json(const History& history);

/// Writes the file atomically. @throws core::Error(data) when it cannot be written; also as `history_json`.
void write_history(const std::filesystem::path& path, const History& history);

/// Reads a history file.
/// @throws core::Error(data) when the file is missing, not JSON, has an unknown, duplicate or missing key, a
/// value that is not an array of numbers, or curves of different lengths; the message names file and key.
History read_history(const std::filesystem::path& path);

}  // namespace svhn::metric
