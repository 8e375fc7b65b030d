#pragma once
/// What commands about a finished model find out from its path.

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "data/prepared.h"
#include "model/model_file.h"

namespace svhn::cli {

/// @returns the run folder that a model's interpretation may be written to: NAME/ with a config.resolved.json
/// beside a file that is called NAME.safetensors or NAME.best.safetensors; nothing for any other file.
std::optional<std::filesystem::path> run_folder_of(const std::filesystem::path& model,
                                                   const model::ModelFile& file);

/// @param asked what the command line says.
/// @returns the prepared file: what was asked for, else the one of the run that made the model (NAME/ beside
/// it, for a checkpoint the folder above its own), else the usual place. @throws core::Error(config) when the
/// run's config cannot be read.
std::filesystem::path data_file_of(const std::optional<std::filesystem::path>& asked,
                                   const std::filesystem::path& model, const model::ModelFile& file);

/// @returns a number that tells two models' weights apart, in hexadecimal.
std::string weights_digest(const model::ModelFile& file);

/// @returns what processes that share a pass over the data must have in common, for
/// DistributedContext::check_agreement.
nlohmann::ordered_json shared_terms(const model::ModelFile& file, const data::PreparedData& data,
                                    const std::string& split);

/// @param name "train", "val" or "test".
data::Split split_from_name(const std::string& name);

}  // namespace svhn::cli
