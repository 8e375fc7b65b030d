#include <spdlog/spdlog.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "cli/commands/transfer.h"
#include "cli/console.h"
#include "cli/engine/progress.h"
#include "cli/engine/setup.h"
#include "cli/engine/train_command.h"
#include "config/compare_config.h"
#include "core/error.h"
#include "core/json.h"
#include "core/launch.h"
#include "core/words.h"
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

void log_finished(const metric::BackboneResult& result) {
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
  const Hardware hardware = set_up_hardware(global);
  const auto request = compare_request(config, options.run, hardware);
  warn_of_single_digit(*request.run.opened);
  TrainProgress progress(global);
  transfer::CompareEvents events;
  events.started = [](const std::string& run, const train::Session& session) {
    spdlog::info("{}: {} parameters, {} of them trainable", run, session.graph().counts.total,
                 session.graph().counts.trainable);
  };
  events.finished = log_finished;
  events.observers = {&progress};
  events.features = feature_events(global);
  events.unlocked = warn_unlocked;
  const auto result = transfer::compare(request, events);
  const transfer::CompareFiles files(options.run.output, config.base.name);
  draw(files, result);
  if (options.run.json) {
    print_json(metric::comparison_json(result));
  } else {
    print_summary(global, "\n" + metric::format_comparison(result) + "\nResults:  " + files.results.string() +
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
  if (options.run.config.empty()) {
    throw Error(ExitCode::usage, "neither --config nor --compare is given", "see svhn transfer --help");
  }
  auto config = config::load_run_config(options.run.config, run_overrides(options.run, global));
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
