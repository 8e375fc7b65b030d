#pragma once
/// The config file of a comparison of backbones: a run config with a "compare" section.

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/run_config.h"
#include "transfer/options/compare_options.h"

namespace svhn::config {

struct CompareConfig {
  RunConfig base;  ///< Its model has one backbone, which the compared ones replace.
  transfer::CompareOptions compare;
};

/// @returns whether a document has a "compare" section.
bool has_comparison(const nlohmann::json& document);

/// Reads a config with its comparison; one error reports all faults.
/// @throws core::Error as `load_run_config`; core::Error(config) when there is no "compare", a backbone is
/// listed twice, or the model does not have exactly one backbone.
CompareConfig load_comparison(const std::filesystem::path& path,
                              const std::vector<std::string>& overrides = {});

/// @returns the "compare" section with every key.
nlohmann::ordered_json compare_section_json(const transfer::CompareOptions& options);
/// @returns the JSON Schema of the section.
nlohmann::ordered_json compare_section_schema();

}  // namespace svhn::config
