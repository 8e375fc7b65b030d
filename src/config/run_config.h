#pragma once
/// The config of a run: its JSON document and its options. Precedence: struct default < file < `--set`.

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "data/options.h"
#include "model/graph/spec.h"
#include "model/plan.h"
#include "train/options/train_options.h"

namespace svhn::core {
class Problems;
}

namespace svhn::config {

/// Everything that is needed to reproduce a run.
struct RunConfig {
  std::string name;  ///< Name of the run and of its files: A-Z a-z 0-9 . _ - and no dot first.
  data::DataOptions data;
  model::ModelSpec model;  ///< All layers have names.
  train::TrainOptions train;
};

/// Reads a config; one error reports all faults. Does not check whether the layers fit each other, see
/// `plan_run`.
/// @param text JSON with "schema": 1. @param source name of the config in messages.
/// @param overrides `a.b.c=value` each, applied in order, see config/overrides.h.
/// @throws core::Error(config) naming source, JSON pointer and, if it set the value, the override;
/// core::Error(usage) for an override that is no assignment.
RunConfig parse_run_config(std::string_view text, const std::string& source,
                           const std::vector<std::string>& overrides = {});

/// Reads a config from a parsed document, otherwise as `parse_run_config`.
RunConfig run_config_from_json(nlohmann::json document, const std::string& source,
                               const std::vector<std::string>& overrides = {});

/// Reads a config from a file of at most 4 MiB.
/// @throws core::Error as `parse_run_config`; core::Error(config) when the file cannot be read.
RunConfig load_run_config(const std::filesystem::path& path, const std::vector<std::string>& overrides = {});

/// Reads the document of a config, for commands that read sections of their own from it ("tune", "compare").
/// @param problems gets the override that set each value.
/// @returns the file's document with the overrides applied. @throws core::Error as `load_run_config`.
nlohmann::json load_document(const std::filesystem::path& path, const std::vector<std::string>& overrides,
                             core::Problems& problems);
/// Reads the run of a document, which may also have "tune" and "compare" sections.
/// @param problems gets every fault.
RunConfig read_run(const nlohmann::json& document, core::Problems& problems);

/// @returns the document with renamed keys under their current names: /train/semantics is
/// /train/framework_compat.
/// @param problems gets each key that the document has under both names; its current name wins.
nlohmann::json with_current_keys(nlohmann::json document, core::Problems* problems = nullptr);

/// For comparing a config that a file holds with another: keys that are newer than the file have their
/// defaults.
/// @returns the document with current keys and every default filled in; one that cannot be read as it is.
nlohmann::json with_defaults(nlohmann::json document);

/// @returns the JSON pointer of the same value in a document with current keys.
std::string current_pointer(const std::string& pointer);

/// @returns the config with all keys in a fixed order; reading it gives the same config.
nlohmann::ordered_json resolved_json(const RunConfig& config);

/// @returns the JSON Schema (draft 2020-12) of configs, in which "tune" and "compare" are objects with any
/// keys.
nlohmann::ordered_json config_schema();

/// @returns [C,H,W] of the network's input: [1,32,32] with greyscale preprocessing, else [3,32,32].
model::Shape input_shape(const RunConfig& config);

/// Plans the network, which checks that the layers fit each other.
/// @param source name of the config in messages.
/// @throws core::Error(config) naming source, layer and shapes, see `model::plan_network`.
model::Graph plan_run(const RunConfig& config, const std::string& source);

}  // namespace svhn::config
