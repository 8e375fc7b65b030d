#include "transfer/compare.h"

#include <algorithm>
#include <new>
#include <nlohmann/json.hpp>
#include <numeric>
#include <variant>

#include "core/clock.h"
#include "core/error.h"
#include "core/file.h"
#include "core/input_guard.h"
#include "core/json.h"
#include "core/lock.h"
#include "core/memory.h"
#include "model/spec_json.h"
#include "network/network.h"
#include "network/pretrained.h"

namespace svhn::transfer {
namespace {

using core::Error;
using core::ExitCode;
using metric::BackboneResult;
using metric::BackboneScore;

/// @returns the index of the model's only backbone.
std::size_t backbone_index(const model::ModelSpec& model, const std::string& name) {
  const auto indices = model::backbone_layers(model);
  if (indices.size() == 1) return indices.front();
  throw Error(ExitCode::config,
              "the model of '" + name + "' has " + std::to_string(indices.size()) + " backbones",
              "a comparison puts each of its backbones in the place of one");
}

/// @returns the model of one run.
model::ModelSpec model_of(const model::ModelSpec& base, std::size_t index, const ComparedBackbone& entry,
                          bool frozen) {
  model::BackboneSpec backbone = entry.backbone;
  if (frozen) backbone.trainable.clear();
  model::ModelSpec model = model::with_backbone(base, index, backbone, entry.resize);
  network::resolve_backbones(model);
  return model;
}

/// @returns whether an error is specific to a backbone (weights, input, divergence); a full disk is not.
bool is_backbone_error(ExitCode code) {
  return code == ExitCode::config || code == ExitCode::model || code == ExitCode::numeric;
}

std::string run_name(const ComparedBackbone& entry, bool frozen) {
  return entry.backbone.backbone + (frozen ? "" : "_unfrozen");
}

/// Runs a backbone frozen and unfrozen.
class Comparison {
 public:
  Comparison(const CompareRequest& request, const CompareEvents& events)
      : request_(request),
        events_(events),
        files_(request.run.output, request.run.name),
        index_(backbone_index(request.run.model, request.run.name)) {}

  BackboneResult run(const ComparedBackbone& entry) {
    BackboneResult result;
    result.name = entry.backbone.backbone;
    result.weights = entry.backbone.weights;
    try {
      result.frozen = train(entry, true, result);
      if (!entry.backbone.trainable.empty()) result.unfrozen = train(entry, false, result);
    } catch (const Error& error) {
      if (!is_backbone_error(error.code())) throw;
      result.error = error.what();
    } catch (const std::bad_alloc&) {
      result.error = "out of memory";
    } catch (const c10::Error& error) {
      result.error =
          core::is_out_of_memory(error) ? "out of memory" : core::printable(error.what_without_backtrace());
    }
    return result;
  }

 private:
  BackboneScore train(const ComparedBackbone& entry, bool frozen, BackboneResult& result) {
    const core::Clock::time_point start = core::Clock::now();
    train::SessionRequest request = request_.run;
    request.name = run_name(entry, frozen);
    request.model = model_of(request_.run.model, index_, entry, frozen);
    request.output = files_.folder;
    request.config = request_.config(request.name, request.model);
    request.make_features = features(result, model::backbone_layers(request.model).front());
    train::Session session(std::move(request));
    describe(session.graph(), result);
    session.open();
    if (events_.started) events_.started(session.files().folder.filename().string(), session);
    session.run(events_.observers);
    // The time before a resume is in the history only.
    const auto& epochs = session.state().history.seconds;
    const double trained = std::accumulate(epochs.begin(), epochs.end(), 0.0);
    return {session.state().best_val_accuracy, std::max(core::seconds_since(start), trained)};
  }

  static void describe(const model::Graph& graph, BackboneResult& result) {
    for (const auto& layer : graph.layers) {
      if (!std::holds_alternative<model::BackboneSpec>(layer.spec.op)) continue;
      result.parameters = model::parameter_count(graph, layer);
      result.feature_shape = graph.nodes[layer.last].output;
    }
  }

  /// Times a forward pass, then makes features. @param layer index of the backbone.
  train::MakeFeatures features(BackboneResult& result, std::size_t layer) const {
    const auto make = feature_maker(request_.run.output / "features", events_.features);
    return [make, layer, &result](const train::FeatureContext& context) {
      if (!result.milliseconds_per_image) {
        const model::NodeId cut = context.network->graph().layers[layer].last;
        result.milliseconds_per_image =
            1e3 * train::seconds_per_image(*context.network, context.precision, cut);
      }
      return make(context);
    };
  }

  const CompareRequest& request_;
  const CompareEvents& events_;
  CompareFiles files_;
  std::size_t index_;
};

bool complete(const BackboneResult& result, const ComparedBackbone& entry) {
  return result.frozen && (entry.backbone.trainable.empty() || result.unfrozen);
}

/// The runs come one after the other: the first must not replace what a later one reads.
void check_files(const CompareRequest& request, const CompareFiles& files) {
  core::add_input(request.run.data.file);
  std::vector<std::filesystem::path> outputs{files.results, files.table};
  for (const ComparedBackbone& entry : request.compare.backbones) {
    core::add_input(entry.backbone.weights);
    for (const bool frozen : {true, false}) {
      const auto run = train::RunFiles(files.folder, run_name(entry, frozen)).all();
      outputs.insert(outputs.end(), run.begin(), run.end());
    }
  }
  core::check_outputs(outputs);
}

/// @returns the results of an earlier, interrupted comparison.
std::vector<BackboneResult> earlier_results(const CompareRequest& request, const CompareFiles& files) {
  if (request.run.existing != train::ExistingRun::resume || !std::filesystem::exists(files.results))
    return {};
  auto results = metric::read_comparison(files.results).backbones;
  core::allow_replacing(files.results);
  return results;
}

void refuse_existing(const CompareRequest& request, const CompareFiles& files) {
  if (request.run.existing != train::ExistingRun::refuse || !std::filesystem::exists(files.results)) return;
  throw Error(ExitCode::usage, "'" + files.results.string() + "' exists: there is such a comparison already",
              "--resume continues it, --overwrite starts over, --output chooses another folder");
}

void write_results(const CompareFiles& files, const metric::ComparisonResult& result) {
  core::write_text_file(files.results, core::json_text(metric::comparison_json(result)), ExitCode::data);
  core::write_text_file(files.table, metric::comparison_csv(result), ExitCode::data);
}

}  // namespace

CompareFiles::CompareFiles(const std::filesystem::path& output, const std::string& name)
    : folder(output / name), results(folder / "comparison.json"), table(folder / "comparison.csv") {}

metric::ComparisonResult compare(const CompareRequest& request, const CompareEvents& events) {
  const CompareFiles files(request.run.output, request.run.name);
  check_files(request, files);
  refuse_existing(request, files);
  const core::FolderLock lock(files.folder);
  if (!lock.effective() && events.unlocked) events.unlocked(files.folder);
  refuse_existing(request, files);  // Another process may have been here in between.
  const auto earlier = earlier_results(request, files);
  Comparison comparison(request, events);
  metric::ComparisonResult result;
  result.name = request.run.name;
  result.synthetic = request.run.opened && request.run.opened->synthetic();
  for (const ComparedBackbone& entry : request.compare.backbones) {
    const auto known = std::find_if(earlier.begin(), earlier.end(), [&](const BackboneResult& one) {
      return one.name == entry.backbone.backbone && complete(one, entry);
    });
    result.backbones.push_back(known != earlier.end() ? *known : comparison.run(entry));
    write_results(files, result);
    if (events.finished) events.finished(result.backbones.back());
  }
  return result;
}

}  // namespace svhn::transfer
