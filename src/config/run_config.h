#pragma once
/// A run's JSON document and the options it stands for. Precedence: struct default < file < `--set`.

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

/// Everything that reproduces a run.
struct RunConfig {
  std::string name;  ///< A-Z a-z 0-9 . _ - and no dot first; files are called after it.
  data::DataOptions data;
  model::ModelSpec model;  ///< Every layer has its name.
  train::TrainOptions train;
};

/// Reads a config. Every fault found is told in one error.
/// @param text JSON with "schema": 1. @param source what messages call it.
/// @param overrides `a.b.c=value` each, applied in order, see config/overrides.h.
/// @throws core::Error(config) naming source, JSON pointer and, where one is to blame, the override;
/// core::Error(usage) for an override that is no assignment. Whether the layers fit each other is
/// `plan_run`'s matter.
RunConfig parse_run_config(std::string_view text, const std::string& source,
                           const std::vector<std::string>& overrides = {});

/// The same for a document that was parsed already.
RunConfig run_config_from_json(nlohmann::json document, const std::string& source,
                               const std::vector<std::string>& overrides = {});

/// The same for a file of at most 4 MiB. @throws core::Error(config), also when it cannot be read.
RunConfig load_run_config(const std::filesystem::path& path, const std::vector<std::string>& overrides = {});

/// Reads a document in two steps, for commands that read further sections of it ("tune").
/// @param problems told which override each value came from.
/// @returns the file's document with the overrides. @throws core::Error as `load_run_config`.
nlohmann::json load_document(const std::filesystem::path& path, const std::vector<std::string>& overrides,
                             core::Problems& problems);
/// The run that a document describes; "tune" and "compare" sections may stand beside it. What is wrong is
/// added to `problems`.
RunConfig read_run(const nlohmann::json& document, core::Problems& problems);

/// @returns the document with renamed keys under their current names: /train/semantics is
/// /train/framework_compat.
/// @param problems gets each key that the document has under both names; the current one stays.
nlohmann::json with_current_keys(nlohmann::json document, core::Problems* problems = nullptr);

/// @returns the JSON pointer of the same value in a document with current keys.
std::string current_pointer(const std::string& pointer);

/// @returns the config with every key in a fixed order; reading it gives the same config.
nlohmann::ordered_json resolved_json(const RunConfig& config);

/// @returns the JSON Schema (draft 2020-12) of configs; of "tune" and "compare" it says only that they are
/// objects.
nlohmann::ordered_json config_schema();

/// @returns C,H,W of the network's input: [1,32,32] when the preprocessing makes images grey, else [3,32,32].
model::Shape input_shape(const RunConfig& config);

/// Works out the network, which is what checking a config takes beyond reading it.
/// @param source what messages call the config.
/// @throws core::Error(config) that names source, layer and shapes, see `model::plan_network`.
model::NetworkPlan plan_run(const RunConfig& config, const std::string& source);

}  // namespace svhn::config
