#include "cli/engine/model_source.h"

#include <spdlog/fmt/fmt.h>

#include <nlohmann/json.hpp>

#include "config/run_config.h"
#include "core/build_info.h"
#include "data/fingerprint.h"
#include "results/about.h"

namespace svhn::cli {

namespace fs = std::filesystem;

namespace {

/// @returns the config of the run that made the model, if it exists.
std::optional<fs::path> run_config_of(const fs::path& model, const model::ModelFile& file) {
  const fs::path folder = model.parent_path();
  const fs::path run = file.is_checkpoint() ? folder / ".." : folder / file.record().name;
  const fs::path config = run / "config.resolved.json";
  std::error_code error;
  if (!fs::exists(config, error)) return std::nullopt;
  return config;
}

}  // namespace

std::optional<fs::path> run_folder_of(const fs::path& model, const model::ModelFile& file) {
  // The name in a file from elsewhere may be any path; the name of the file itself cannot leave its folder.
  const std::string& name = file.record().name;
  const fs::path own = model.filename();
  if (file.is_checkpoint() || (own != name + ".safetensors" && own != name + ".best.safetensors")) {
    return std::nullopt;
  }
  const auto config = run_config_of(model, file);
  return config ? std::optional(config->parent_path()) : std::nullopt;
}

fs::path data_file_of(const std::optional<fs::path>& asked, const fs::path& model,
                      const model::ModelFile& file) {
  if (asked) return *asked;
  const auto config = run_config_of(model, file);
  return config ? fs::path(config::load_run_config(*config, {}).data.file) : "data/svhn.safetensors";
}

std::string resizing_text(data::ImageSides sides) {
  if (sides == data::ImageSides{}) return "";
  return fmt::format("resized from {0}x{0} to {1}x{2} pixels, which the model takes", data::kSide,
                     sides.height, sides.width);
}

void add_resizing(nlohmann::ordered_json& document, data::ImageSides sides) {
  if (sides != data::ImageSides{}) document["resized_to"] = {sides.height, sides.width};
}

nlohmann::ordered_json shared_terms(const model::ModelFile& file, const data::PreparedData& data,
                                    const std::string& split) {
  return {{"version of svhn", core::version()},
          {"model", file.record().name + " " + results::model_digest(file)},
          {"data file", data::data_fingerprint(data)},
          {"--split", split}};
}

data::Split split_from_name(const std::string& name) {
  if (name == "train") return data::Split::train;
  return name == "val" ? data::Split::val : data::Split::test;
}

}  // namespace svhn::cli
