#pragma once
/// The data file and the run folder of a trained model, found from its path.

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "data/prepared.h"
#include "data/resize.h"
#include "model/model_file.h"

namespace svhn::cli {

/// @returns the run folder in which `evaluate` and `interpret` may leave results: NAME/ with a
/// config.resolved.json, beside a model file NAME.safetensors or NAME.best.safetensors; nothing for any other
/// file.
std::optional<std::filesystem::path> run_folder_of(const std::filesystem::path& model,
                                                   const model::ModelFile& file);

/// @param asked the value of `--data`, if given.
/// @returns the path of the prepared file: `asked`, else that of the run that made the model (NAME/ beside
/// it, for a checkpoint the folder above its own), else data/svhn.safetensors.
/// @throws core::Error(config) when the run's config cannot be read.
std::filesystem::path data_file_of(const std::optional<std::filesystem::path>& asked,
                                   const std::filesystem::path& model, const model::ModelFile& file);

/// @returns how images of 32x32 pixels get to the network, "resized from 32x32 to 64x64 pixels"; "" where
/// they stay as they are.
std::string resizing_text(data::ImageSides sides);

/// Adds the key "resized_to": [height, width] where images of 32x32 pixels are resized.
void add_resizing(nlohmann::ordered_json& document, data::ImageSides sides);

/// @returns what must be equal in all processes that evaluate one split together, for
/// DistributedContext::check_agreement.
nlohmann::ordered_json shared_terms(const model::ModelFile& file, const data::PreparedData& data,
                                    const std::string& split);

/// @param name "train", "val" or "test".
data::Split split_from_name(const std::string& name);

}  // namespace svhn::cli
