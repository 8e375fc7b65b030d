#pragma once
/// Results that commands leave in a model's run folder, for the page of `svhn report`.

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "results/about.h"

namespace svhn::cli {

/// @param model path of the model file.
/// @returns the folder in the model's run folder for such results; nothing without a run folder.
std::optional<std::filesystem::path> results_folder_of(const std::filesystem::path& model,
                                                       const model::ModelFile& file,
                                                       const results::About& about);

/// Lists results of a kind in a folder's about.json. Kinds that were listed before stay while their files
/// exist, if they are of the same model, data, split and precision.
/// @param options of the kind. @throws core::Error(data)
void list_results(const std::filesystem::path& folder, const results::About& about, const std::string& kind,
                  const nlohmann::ordered_json& options);

/// A folder that is filled as far as that goes: when it cannot be written, there is one warning and no more.
class KeptResults {
 public:
  explicit KeptResults(std::optional<std::filesystem::path> folder) : folder_(std::move(folder)) {}

  /// @returns the folder; nothing when there is none or it could not be written.
  [[nodiscard]] const std::optional<std::filesystem::path>& folder() const { return folder_; }
  /// Calls `write` with the folder, if there is one. @throws core::Error except for (data)
  void keep(const std::function<void(const std::filesystem::path& folder)>& write);

 private:
  std::optional<std::filesystem::path> folder_;
};

/// @returns the line that says where results are kept; "" without a folder.
std::string kept_text(const std::optional<std::filesystem::path>& folder);

}  // namespace svhn::cli
