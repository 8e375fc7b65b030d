#pragma once
/// A search as its file states it: a run and the "tune" section around it. Needs no LibTorch.

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/run_config.h"
#include "tune/options.h"

namespace svhn::tune {

struct SearchConfig {
  std::string source;      ///< The file, for messages.
  config::RunConfig base;  ///< What the trials change.
  TuneOptions tune;
};

/// Reads the section and checks what it says by itself. @param problems told every fault.
/// @param section what stands at "/tune".
TuneOptions read_tune_section(const nlohmann::json& section, core::Problems& problems);

/// @returns the section with every key; reading it gives the same options.
nlohmann::ordered_json tune_section_json(const TuneOptions& options);

/// @returns the JSON Schema of the section.
nlohmann::ordered_json tune_section_schema();

/// Reads a config with its search. Every fault found is told in one error.
/// @throws core::Error(config) as `config::load_run_config`, and when there is no "tune".
SearchConfig load_search(const std::filesystem::path& path, const std::vector<std::string>& overrides);

/// @returns whether a document has a search.
bool has_search(const nlohmann::json& document);

/// @returns whether a high value of the objective is a good one.
bool maximised(const std::string& objective);

}  // namespace svhn::tune
