#include "cli/commands/config.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/command_line.h"
#include "cli/console.h"
#include "config/compare_config.h"
#include "core/fields_json.h"
#include "core/text.h"
#include "model/spec_json.h"
#include "tune/trials.h"

namespace svhn::cli {
namespace {

/// @returns the document, unchecked: the function that reads it into options reports its faults.
nlohmann::json read_unchecked(const std::filesystem::path& path, const std::vector<std::string>& set) {
  core::Problems unused(path.string());
  return config::load_document(path, set, unused);
}

/// @returns ", branches join in add_1, add_2", or nothing for a network without branches.
std::string branches_text(const model::Graph& graph) {
  constexpr std::size_t kListed = 4;
  std::vector<std::string> joins;
  for (const model::LayerSpan& layer : graph.layers) {
    if (layer.spec.inputs.size() > 1) joins.push_back(layer.spec.name);
  }
  std::string text;
  for (std::size_t i = 0; i < std::min(joins.size(), kListed); ++i) text += (i == 0 ? "" : ", ") + joins[i];
  if (joins.size() > kListed) text += " and " + std::to_string(joins.size() - kListed) + " more";
  return joins.empty() ? text : ", branches join in " + text;
}

std::string checked_run(const config::RunConfig& config, const std::filesystem::path& path) {
  const model::Graph graph = config::plan_run(config, path.string());
  return config.name + ", " + core::with_thousands(graph.counts.total) + " parameters" + branches_text(graph);
}

std::string checked_search(const std::filesystem::path& path) {
  const auto search = tune::load_search(path, {});
  const std::string run = checked_run(search.base, path);
  return run + ", " + std::to_string(tune::check_search(search).size()) + " trials";
}

std::string checked_comparison(const std::filesystem::path& path) {
  const auto comparison = config::load_comparison(path, {});
  const std::string run = checked_run(comparison.base, path);
  const auto layer = model::backbone_layers(comparison.base.model).front();
  for (const auto& entry : comparison.compare.backbones) {
    config::RunConfig other = comparison.base;
    other.model = model::with_backbone(other.model, layer, entry.backbone, entry.resize);
    config::plan_run(other, path.string());
  }
  return run + ", " + std::to_string(comparison.compare.backbones.size()) + " backbones";
}

/// @returns a short description of a valid config. @throws core::Error(config) for an invalid one.
std::string checked(const std::filesystem::path& path) {
  const auto document = read_unchecked(path, {});
  if (tune::has_search(document)) return checked_search(path);
  if (config::has_comparison(document)) return checked_comparison(path);
  return checked_run(config::load_run_config(path, {}), path);
}

/// @returns the config with every key and its value.
nlohmann::ordered_json resolved(const std::filesystem::path& path, const std::vector<std::string>& set) {
  const auto document = read_unchecked(path, set);
  nlohmann::ordered_json shown;
  if (tune::has_search(document)) {
    const auto search = tune::load_search(path, set);
    shown = config::resolved_json(search.base);
    shown["tune"] = tune::tune_section_json(search.tune);
  } else if (config::has_comparison(document)) {
    const auto comparison = config::load_comparison(path, set);
    shown = config::resolved_json(comparison.base);
    shown["compare"] = config::compare_section_json(comparison.compare);
  } else {
    shown = config::resolved_json(config::load_run_config(path, set));
  }
  return shown;
}

}  // namespace

void add_options(CLI::App& command, ConfigCheckOptions& options) {
  add_path(command, "file", options.files, "Config files, or names of those in configs/")
      ->transform(find_config)
      ->required();
}

int run_command(const ConfigCheckOptions& options, const GlobalOptions& /*global*/) {
  int code = 0;
  for (const auto& path : options.files) {
    try {
      print_text(path.string() + ": ok, " + checked(path) + "\n");
    } catch (const core::Error& error) {
      code = report_error(error);  // Check the other files, too.
    }
  }
  return code;
}

void add_options(CLI::App& command, ConfigShowOptions& options) {
  add_path(command, "file", options.files, "Config file")->transform(find_config)->required()->expected(1);
  command.add_option("--set", options.set, "Change a value: a.b.c=value (repeatable)")
      ->allow_extra_args(false);
}

int run_command(const ConfigShowOptions& options, const GlobalOptions& /*global*/) {
  print_json(resolved(options.files.front(), options.set));
  return 0;
}

void add_options(CLI::App& /*command*/, ConfigSchemaOptions& /*options*/) {}

int run_command(const ConfigSchemaOptions& /*options*/, const GlobalOptions& /*global*/) {
  auto schema = config::config_schema();
  schema["properties"]["tune"].update(tune::tune_section_schema());
  schema["properties"]["compare"].update(config::compare_section_schema());
  print_json(schema);
  return 0;
}

}  // namespace svhn::cli
