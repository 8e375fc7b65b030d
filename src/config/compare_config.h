#pragma once
/// A comparison of backbones as its file states it: a run and the "compare" section around it.

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/run_config.h"
#include "transfer/options/compare_options.h"

namespace svhn::config {

struct CompareConfig {
  RunConfig base;  ///< Its model holds one backbone, in whose place the others are put.
  transfer::CompareOptions compare;
};

/// @returns whether a document compares backbones.
bool has_comparison(const nlohmann::json& document);

/// Reads a config with its comparison. Every fault found is told in one error.
/// @throws core::Error(config) as `load_run_config`, and when there is no "compare", a backbone comes twice,
/// or the model does not have one backbone.
CompareConfig load_comparison(const std::filesystem::path& path,
                              const std::vector<std::string>& overrides = {});

/// @returns the "compare" section with every key.
nlohmann::ordered_json compare_section_json(const transfer::CompareOptions& options);
/// @returns its JSON Schema.
nlohmann::ordered_json compare_section_schema();

}  // namespace svhn::config
