#pragma once
/// The config file of a search: a run config with a "tune" section.

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/run_config.h"
#include "tune/options.h"

namespace svhn::tune {

struct SearchConfig {
  std::string source;      ///< Name of the file in messages.
  config::RunConfig base;  ///< The config that the trials change.
  TuneOptions tune;
};

/// Reads the section and checks it without the rest of the config.
/// @param section the value at "/tune". @param problems gets every fault.
TuneOptions read_tune_section(const nlohmann::json& section, core::Problems& problems);

/// @returns the section with all keys; reading it gives the same options.
nlohmann::ordered_json tune_section_json(const TuneOptions& options);

/// @returns the JSON Schema of the section.
nlohmann::ordered_json tune_section_schema();

/// @returns the JSON Schema of configs, config::config_schema, with their sections "tune" and "compare".
nlohmann::ordered_json document_schema();

/// Reads a config with its search; one error reports all faults.
/// @throws core::Error as `config::load_run_config`; core::Error(config) when there is no "tune".
SearchConfig load_search(const std::filesystem::path& path, const std::vector<std::string>& overrides);

/// @returns whether a document has a "tune" section.
bool has_search(const nlohmann::json& document);

/// @returns whether higher values of the objective are better.
bool maximised(const std::string& objective);

}  // namespace svhn::tune
