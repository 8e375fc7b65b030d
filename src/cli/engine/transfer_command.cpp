#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/commands/transfer.h"
#include "cli/console.h"
#include "cli/engine/progress.h"
#include "cli/engine/setup.h"
#include "cli/engine/train_command.h"
#include "config/compare_config.h"
#include "core/error.h"
#include "core/fields_json.h"
#include "core/json.h"
#include "core/launch.h"
#include "core/words.h"
#include "data/fingerprint.h"
#include "model/backbones/backbone.h"
#include "model/pretrained/match_weights.h"
#include "model/spec_json.h"
#include "report/charts/search.h"
#include "transfer/compare.h"

namespace svhn::cli {
namespace {

using core::Error;
using core::ExitCode;

/// Sets the weights of every backbone of the config to those of the command line.
void use_weights(config::RunConfig& config, const TransferCommandOptions& options) {
  const auto layers = model::backbone_layers(config.model);
  if (layers.empty()) {
    throw Error(ExitCode::config, "'" + options.run.config.string() + "' has no backbone to transfer from",
                "add a layer {\"type\": \"backbone\", \"name\": \"vgg16\"}, or use 'svhn train'");
  }
  if (!options.weights) return;
  for (const std::size_t layer : layers) {
    std::get<model::BackboneSpec>(config.model.layers[layer].op).weights = options.weights->string();
  }
}

/// The head of the assignment's question 4 on a backbone that is replaced.
config::RunConfig standard_head(const std::string& backbone, const std::vector<std::string>& set) {
  const nlohmann::json layers{{{"type", "backbone"}, {"name", "vgg16"}, {"weights", "random"}},
                              {{"type", "flatten"}},
                              {{"type", "dense"}, {"units", 64}, {"activation", "selu"}},
                              {{"type", "batch_norm"}},
                              {{"type", "dropout"}, {"rate", 0.3}},
                              {{"type", "dense"}, {"units", 10}, {"activation", "softmax"}}};
  return config::run_config_from_json({{"schema", 1},
                                       {"name", "transfer_" + backbone},
                                       {"model", {{"layers", layers}}},
                                       {"train", {{"epochs", 20}}}},
                                      "--backbone " + backbone, set);
}

/// @returns a known backbone with its usual file and the scaling of its input that its weights are used to.
/// @throws core::Error(usage) for an unknown name.
model::BackboneSpec named_backbone(const std::string& name) {
  model::BackboneSpec spec;
  spec.backbone = std::string(model::canonical_backbone(name));
  const auto known = model::graph_backbones();
  if (std::find(known.begin(), known.end(), spec.backbone) == known.end()) {
    const std::string near(core::nearest_name(name, model::backbone_names()));
    throw Error(
        ExitCode::usage, "there is no backbone '" + core::printable(name) + "'",
        near.empty() ? fmt::format("there are {}", fmt::join(known, ", ")) : "did you mean '" + near + "'?");
  }
  spec.weights = "weights/" + spec.backbone + ".safetensors";
  return spec;
}

/// @returns the config of `--config` or the standard head, with the backbone of `--backbone`.
config::RunConfig config_with_backbone(const TransferCommandOptions& options,
                                       const std::vector<std::string>& set) {
  model::BackboneSpec spec = named_backbone(options.backbone);
  config::RunConfig config = options.run.config.empty() ? standard_head(spec.backbone, set)
                                                        : config::load_run_config(options.run.config, set);
  const auto layers = model::backbone_layers(config.model);
  if (layers.empty()) return config;  // Refused by use_weights.
  if (options.weights) spec.weights = options.weights->string();
  model::ModelSpec alone{.layers = {{"", spec}}};
  model::resolve_variants(alone);
  spec.input =
      model::native_input(spec.backbone, std::get<model::BackboneSpec>(alone.layers.front().op).variant);
  const std::int64_t side = model::smallest_side(spec.backbone);
  config.model = model::with_backbone(config.model, layers.front(), spec,
                                      side > data::kSide ? std::optional(side) : std::nullopt);
  return config;
}

transfer::CompareRequest compare_request(const config::CompareConfig& config, const RunOptions& run,
                                         const Hardware& hardware) {
  transfer::CompareRequest request;
  request.run = session_request(run, config.base, hardware);
  request.run.opened = std::make_shared<const data::PreparedData>(config.base.data.file);
  request.compare = config.compare;
  request.config = [base = config.base](const std::string& name, const model::ModelSpec& model) {
    config::RunConfig one = base;
    one.name = name;
    one.model = model;
    return core::json_text(config::resolved_json(one));
  };
  return request;
}

/// @returns the names of the backbones whose weights are no file.
std::vector<std::string> without_weights(const transfer::CompareOptions& compare) {
  std::vector<std::string> names;
  for (const auto& entry : compare.backbones) {
    std::error_code error;
    const auto& spec = entry.backbone;
    if (!model::has_random_weights(spec) && !std::filesystem::exists(spec.weights, error))
      names.push_back(spec.backbone);
  }
  return names;
}

/// @throws core::Error(model) when there is nothing left to compare.
void tell_left_out(const std::vector<std::string>& left_out, const transfer::CompareOptions& compare) {
  if (left_out.empty()) return;
  if (left_out.size() == compare.backbones.size()) {
    throw Error(ExitCode::model,
                "no backbone has its weights: '" + compare.backbones.front().backbone.weights +
                    "' does not exist" + (left_out.size() == 1 ? "" : ", nor do the others"),
                "scripts/fetch_weights.sh --convert NAME... fetches them; \"random\" starts without any");
  }
  spdlog::warn("left out, since their weights are not there: {} (scripts/fetch_weights.sh fetches them)",
               fmt::join(left_out, ", "));
}

void log_finished(const std::vector<std::string>& left_out, const metric::BackboneResult& result) {
  if (std::find(left_out.begin(), left_out.end(), result.name) != left_out.end())
    return;  // Told at the start.
  if (result.error) {
    spdlog::warn("warning: {} failed: {}", result.name, *result.error);
    return;
  }
  const auto text = [](const char* what, const std::optional<metric::BackboneScore>& score) {
    return score ? fmt::format("  {} {:.4f} in {}", what, score->val_accuracy,
                               core::duration_text(score->seconds))
                 : "";
  };
  spdlog::info("{}:{}{}", result.name, text("frozen", result.frozen), text("unfrozen", result.unfrozen));
}

void draw(const transfer::CompareFiles& files, const metric::ComparisonResult& result) {
  for (const char* name : {"comparison.png", "comparison.svg"}) {
    const auto drawn = report::write_comparison_chart(files.folder / name, result);
    if (drawn.status == report::ChartStatus::drawn) continue;
    spdlog::warn("warning: {}; the numbers are in '{}'", drawn.message, files.results.string());
    return;
  }
}

int run_compare(const TransferCommandOptions& options, const GlobalOptions& global) {
  auto config = config::load_comparison(*options.compare, run_overrides(options.run, global));
  if (options.weights) {
    for (auto& entry : config.compare.backbones) entry.backbone.weights = options.weights->string();
  }
  const auto left_out = without_weights(config.compare);
  tell_left_out(left_out, config.compare);
  const Hardware hardware = set_up_hardware(global);
  const auto request = compare_request(config, options.run, hardware);
  warn_of_single_digit(*request.run.opened);
  TrainProgress progress(global);
  transfer::CompareEvents events;
  events.started = [](const std::string& run, const train::Session& session) {
    spdlog::info("{}: {} parameters, {} of them trainable", run, session.graph().counts.total,
                 session.graph().counts.trainable);
  };
  events.finished = [&left_out](const metric::BackboneResult& result) { log_finished(left_out, result); };
  events.observers = {&progress};
  events.features = feature_events(global);
  events.unlocked = warn_unlocked;
  const auto result = transfer::compare(request, events);
  const transfer::CompareFiles files(options.run.output, config.base.name);
  draw(files, result);
  const data::PreparedData& data = *request.run.opened;
  const std::string fingerprint = data::split_fingerprint(
      data, data::Split::val, {config.base.data.preprocess, data.statistics(data::Split::train)});
  if (options.run.json) {
    auto document = metric::comparison_json(result);
    document["fingerprint"] = fingerprint;
    print_json(document);
  } else {
    print_summary(global, "\n" + metric::format_comparison(result) + "Fingerprint of the validation split: " +
                              fingerprint + "\n\nResults:  " + files.results.string() +
                              "\nTable:    " + files.table.string() + "\n");
  }
  return 0;
}

void refuse_several_processes() {
  const auto launch = core::read_launch([](const char* name) { return std::getenv(name); });
  if (launch.size == 1) return;
  throw Error(ExitCode::usage,
              "--compare runs in one process, and this is one of " + std::to_string(launch.size),
              "start it without the launcher");
}

int run_one(const TransferCommandOptions& options, const GlobalOptions& global,
            DistributedContext& processes) {
  if (options.run.config.empty() && options.backbone.empty()) {
    throw Error(ExitCode::usage, "none of --config, --backbone and --compare is given",
                "see svhn transfer --help");
  }
  const auto set = run_overrides(options.run, global);
  auto config = options.backbone.empty() ? config::load_run_config(options.run.config, set)
                                         : config_with_backbone(options, set);
  use_weights(config, options);
  return run_configured(options.run, std::move(config), global, processes);
}

}  // namespace

int run_command(const TransferCommandOptions& options, const GlobalOptions& global) {
  if (options.compare) {
    refuse_several_processes();
    return run_compare(options, global);
  }
  return run_distributed(options.processes, global,
                         [&options](DistributedContext& processes, const GlobalOptions& own) {
                           return run_one(options, own, processes);
                         });
}

}  // namespace svhn::cli
