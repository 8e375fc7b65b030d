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

/// What `config check` tells of a valid config.
struct Checked {
  std::string kind;  ///< "run", "search" or "comparison".
  std::string name;
  std::int64_t parameters = 0;
  std::string more;  ///< Its branches, trials or backbones.
};

Checked checked_run(const config::RunConfig& config, const std::string& source) {
  const model::Graph graph = config::plan_run(config, source);
  return {"run", config.name, graph.counts.total, branches_text(graph)};
}

Checked checked_search(const std::filesystem::path& path, const std::vector<std::string>& set) {
  const auto search = tune::load_search(path, set);
  Checked result = checked_run(search.base, path.string());
  result.kind = "search";
  result.more += ", " + std::to_string(tune::check_search(search)) + " trials";
  return result;
}

Checked checked_comparison(const std::filesystem::path& path, const std::vector<std::string>& set) {
  const auto comparison = config::load_comparison(path, set);
  Checked result = checked_run(comparison.base, path.string());
  const auto layer = model::backbone_layers(comparison.base.model).front();
  for (const auto& entry : comparison.compare.backbones) {
    config::RunConfig other = comparison.base;
    other.model = model::with_backbone(other.model, layer, entry.backbone, entry.resize);
    config::plan_run(other, path.string());
  }
  result.kind = "comparison";
  result.more += ", " + std::to_string(comparison.compare.backbones.size()) + " backbones";
  return result;
}

/// @throws core::Error(config) for an invalid config.
Checked checked(const std::filesystem::path& path, const std::vector<std::string>& set) {
  const auto document = read_unchecked(path, set);
  if (tune::has_search(document)) return checked_search(path, set);
  if (config::has_comparison(document)) return checked_comparison(path, set);
  return checked_run(config::load_run_config(path, set), path.string());
}

std::string text_of(const std::string& file, const Checked& config) {
  return file + ": ok, " + config.name + ", " + core::with_thousands(config.parameters) + " parameters" +
         config.more + "\n";
}

nlohmann::ordered_json json_of(const std::string& file, const Checked& config) {
  return {{"file", file},
          {"valid", true},
          {"kind", config.kind},
          {"name", config.name},
          {"parameters", config.parameters}};
}

/// @returns the faults that an error reports; its message, if it has no list of them.
std::vector<core::Problem> problems_of(const core::Error& error) {
  const auto* listed = dynamic_cast<const core::DocumentError*>(&error);
  return listed == nullptr ? std::vector<core::Problem>{{"", "", error.what()}} : listed->problems();
}

nlohmann::ordered_json json_of(const std::string& file, const core::Error& error) {
  auto problems = nlohmann::ordered_json::array();
  for (const core::Problem& problem : problems_of(error)) {
    problems.push_back({{"pointer", problem.pointer}, {"message", problem.text}});
    if (!problem.origin.empty()) problems.back()["origin"] = problem.origin;
  }
  return {{"file", file}, {"valid", false}, {"problems", problems}, {"hint", error.hint()}};
}

/// Prints a line for each fault, and the hint.
int report_each(const std::string& file, const core::Error& error) {
  const auto problems = problems_of(error);
  if (problems.size() < 2) return report_error(error);
  for (std::size_t i = 0; i + 1 < problems.size(); ++i) report_failure(file + ": " + problems[i].line());
  return report_error({error.code(), file + ": " + problems.back().line(), error.hint()});
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
      ->transform(config_path())
      ->required();
  command.add_option("--set", options.set, "Change a value of each: a.b.c=value (repeatable)")
      ->type_name("KEY=VALUE")
      ->check(hint(HintKind::setting))
      ->allow_extra_args(false);
  command.add_flag("--json", options.json, "One JSON document on stdout");
}

int run_command(const ConfigCheckOptions& options, const GlobalOptions& /*global*/) {
  int code = 0;
  auto documents = nlohmann::ordered_json::array();
  for (const auto& path : options.files) {
    try {
      const Checked config = checked(path, options.set);
      options.json ? documents.push_back(json_of(path.string(), config))
                   : print_text(text_of(path.string(), config));
    } catch (const core::Error& error) {  // Check the other files, too.
      code = static_cast<int>(error.code());
      options.json ? documents.push_back(json_of(path.string(), error))
                   : static_cast<void>(report_each(path.string(), error));
    }
  }
  if (options.json) print_json(documents);
  return code;
}

void add_options(CLI::App& command, ConfigShowOptions& options) {
  add_path(command, "file", options.files, "A config file, or the name of one")
      ->transform(config_path())
      ->required()
      ->expected(1);
  command.add_option("--set", options.set, "Change a value: a.b.c=value (repeatable)")
      ->type_name("KEY=VALUE")
      ->check(hint(HintKind::setting))
      ->allow_extra_args(false);
}

int run_command(const ConfigShowOptions& options, const GlobalOptions& /*global*/) {
  print_json(resolved(options.files.front(), options.set));
  return 0;
}

void add_options(CLI::App& /*command*/, ConfigSchemaOptions& /*options*/) {}

int run_command(const ConfigSchemaOptions& /*options*/, const GlobalOptions& /*global*/) {
  print_json(tune::document_schema());
  return 0;
}

}  // namespace svhn::cli
