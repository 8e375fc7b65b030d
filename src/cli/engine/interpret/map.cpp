// Embeddings of a split and their t-SNE map.

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include "cli/engine/interpret/context.h"
#include "cli/engine/model_source.h"
#include "cli/engine/progress.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/json.h"
#include "core/signals.h"
#include "core/words.h"
#include "formats/safetensors/header.h"
#include "interpret/embeddings.h"
#include "interpret/tsne/tsne.h"
#include "report/charts/map.h"

namespace svhn::cli {

struct EmbeddedSplit {
  std::optional<interpret::EmbeddingMap> reference;  ///< The map of `--onto`.
  interpret::LayerChoice layer;
  interpret::Embeddings points;
  std::optional<interpret::Embeddings> known;  ///< The images of `reference`.
};

namespace {

using core::Error;
using core::ExitCode;
using interpret::EmbeddingMap;
using interpret::Embeddings;
using interpret::LayerChoice;
using nlohmann::ordered_json;

std::string layer_text(const LayerChoice& layer) {
  return layer.softmax ? "output" : layer.name;
}

std::map<std::string, std::string> metadata_of(const InterpretContext& context, const LayerChoice& layer) {
  return {{"model", context.file.record().name},
          {"weights", results::weights_digest(context.file)},
          {"split", context.options.split},
          {"layer", layer_text(layer)},
          {"synthetic", context.data.synthetic() ? "true" : "false"}};
}

Embeddings embed(InterpretContext& context, std::span<const std::int64_t> rows, data::Split split,
                 const LayerChoice& layer, const char* stage) {
  StageProgress progress(context.global, stage);
  interpret::EmbedOptions how;
  how.batch_size = inference::batch_size_for(context.network.input_shape());
  // The output folder may not exist on another machine.
  how.scratch = context.first() ? context.files.output() : std::filesystem::temp_directory_path();
  how.group = context.group;
  how.progress = [&](std::int64_t done, std::int64_t total) {
    progress.show(done, total);
    context.check_stop();
  };
  return interpret::embed(context.network, context.data, rows, context.plan_of(split), layer, how);
}

const std::string& entry(const EmbeddingMap& map, const std::filesystem::path& path, const std::string& key) {
  const auto found = map.metadata.find(key);
  if (found != map.metadata.end()) return found->second;
  throw Error(ExitCode::data, "'" + path.string() + "' does not say its " + key,
              "name a tsne.safetensors that 'svhn interpret' has written");
}

/// @returns the map of `--onto`, checked against the model and the data.
EmbeddingMap reference_map(const InterpretContext& context) {
  const std::filesystem::path& path = *context.options.onto;
  EmbeddingMap map = interpret::read_map(path);
  if (entry(map, path, "weights") != results::weights_digest(context.file)) {
    throw Error(ExitCode::data,
                "'" + path.string() + "' is a map of another model, '" +
                    core::printable(entry(map, path, "model")) + "' or other weights of it",
                "make the map with this model first");
  }
  const std::string& split = entry(map, path, "split");
  if (split != "train" && split != "val" && split != "test") {
    throw Error(ExitCode::data, "'" + path.string() + "' is of the split '" + core::printable(split) + "'",
                "name a tsne.safetensors that 'svhn interpret' has written");
  }
  for (std::size_t i = 0; i < map.rows.size(); ++i) {
    const std::int64_t row = map.rows[i];
    if (row < context.data.size() && context.data.labels()[static_cast<std::size_t>(row)] == map.labels[i])
      continue;
    throw Error(ExitCode::data,
                "'" + path.string() + "' does not fit '" + context.data.path().string() + "': row " +
                    std::to_string(row) + " has another label or is not there",
                "use the data file that the map was made of");
  }
  return map;
}

/// @returns the layer to embed: the first of `--layer`, else that of the map, else the default.
LayerChoice chosen_layer(const InterpretContext& context, const std::optional<EmbeddingMap>& reference) {
  const auto& graph = context.network.graph();
  if (!reference) {
    return context.options.layers.empty() ? interpret::default_embedding_layer(graph)
                                          : interpret::find_layer(graph, context.options.layers.front());
  }
  const LayerChoice layer = interpret::find_layer(graph, entry(*reference, *context.options.onto, "layer"));
  const bool other = !context.options.layers.empty() &&
                     interpret::find_layer(graph, context.options.layers.front()).node != layer.node;
  if (!other) return layer;
  throw Error(ExitCode::usage,
              "the map '" + context.options.onto->string() + "' is of the layer '" + layer_text(layer) + "'",
              "leave out --layer, or name that one first");
}

/// A map and its description for tsne.json.
struct Mapped {
  torch::Tensor map;
  ordered_json document;
};

interpret::TsneMethod method_of(const InterpretContext& context) {
  return context.options.tsne_method == "exact" ? interpret::TsneMethod::exact : interpret::TsneMethod::fft;
}

/// @returns `--perplexity`, or the default as far as the points allow it.
double map_perplexity(const InterpretContext& context, std::int64_t points, double usual) {
  if (context.options.perplexity) return *context.options.perplexity;
  const double fitting = interpret::fitting_perplexity(usual, points);
  if (fitting < usual) {
    spdlog::warn("warning: {} images are few: the perplexity of the t-SNE map is {:.3g}, not {:.3g}", points,
                 fitting, usual);
  }
  return fitting;
}

Mapped make_map(InterpretContext& context, const Embeddings& points) {
  StageProgress progress(context.global, "t-SNE");
  interpret::TsneOptions how;
  how.perplexity = map_perplexity(context, points.size(), how.perplexity);
  how.seed = context.options.seed;
  how.method = method_of(context);
  how.device = context.hardware.device;
  how.stop_signal = core::stop_signal;
  how.progress = [&](const interpret::TsneProgress& step) {
    const bool known = step.kl_divergence > 0.0;
    progress.show(step.iteration, step.iterations, known ? fmt::format("KL {:.3f}", step.kl_divergence) : "");
  };
  const auto made = interpret::tsne(points.tensor(), how);
  return {made.map,
          {{"n", points.size()},
           {"perplexity", how.perplexity},
           {"kl_divergence", made.kl_divergence},
           {"iterations", made.iterations},
           {"seconds", made.seconds},
           {"neighbour_seconds", made.neighbour_seconds},
           {"learning_rate", made.learning_rate},
           {"features", made.input_features},
           {"pca_features", made.features}}};
}

Mapped transform_onto(const InterpretContext& context, const EmbeddedSplit& made) {
  const auto& [reference, layer, points, known] = made;
  const auto start = core::Clock::now();
  interpret::TransformOptions how;
  how.perplexity = interpret::fitting_perplexity(how.perplexity, known->size());
  how.method = method_of(context);
  how.seed = context.options.seed;
  how.stop_signal = core::stop_signal;
  const auto placed = interpret::transform(points.tensor(), known->tensor(), reference->map, how);
  const double seconds = core::seconds_since(start);
  return {placed.map,
          {{"n", points.size()},
           {"perplexity", how.perplexity},
           {"kl_divergence", placed.kl_divergence},
           {"iterations", how.iterations},
           {"seconds", seconds},
           {"onto", {{"n", known->size()}, {"split", reference->metadata.at("split")}}}}};
}

void finish_document(const InterpretContext& context, const LayerChoice& layer, ordered_json& document) {
  document["split"] = context.options.split;
  document["layer"] = layer_text(layer);
  document["method"] = context.options.tsne_method;
  document["seed"] = context.options.seed;
  document["model"] = context.file.record().name;
  if (context.data.synthetic()) document["synthetic"] = true;
}

/// @returns the part of tsne.json that was asked for.
ordered_json map_options(const ordered_json& document) {
  ordered_json options;
  for (const char* key : {"layer", "perplexity", "method", "seed", "onto"}) {
    if (document.contains(key)) options[key] = document[key];
  }
  return options;
}

report::MapPoints drawn_points(const torch::Tensor& map, std::span<const std::uint8_t> labels) {
  return {{static_cast<const float*>(map.data_ptr()), static_cast<std::size_t>(map.numel())}, labels};
}

/// Draws the map; the points of an earlier one, on which it was placed, lie pale behind.
void draw_map(InterpretContext& context, const EmbeddedSplit& made, const torch::Tensor& map) {
  const auto& reference = made.reference;
  std::string title = context.title() + ": t-SNE of " + core::counted(made.points.size(), "image") + " (" +
                      layer_text(made.layer) + ")";
  report::MapPoints behind;
  if (reference) {
    behind = drawn_points(reference->map, reference->labels);
    title += ", placed on the map of " +
             core::counted(static_cast<std::int64_t>(reference->rows.size()), "image") + " of the " +
             reference->metadata.at("split") + " split (pale)";
  }
  for (const char* name : {"tsne.png", "tsne.svg"}) {
    const auto result = report::write_map_chart(context.files.path(name),
                                                drawn_points(map, made.points.labels), title, behind);
    if (reference && result.status == report::ChartStatus::drawn) {
      context.files.keep(name);
    } else {
      context.files.publish_chart(name, result);
    }
  }
}

void write_map_files(InterpretContext& context, const EmbeddedSplit& made, const Mapped& mapped) {
  const auto& [reference, layer, points, known] = made;
  InterpretFiles& files = context.files;
  interpret::write_map(files.path("tsne.safetensors"),
                       {mapped.map, points.rows, points.labels, metadata_of(context, layer)});
  const auto list = [&files, placed = reference.has_value()](const std::string& name) {
    // The run folder keeps the full map, which may be the reference itself.
    placed ? files.keep(name) : files.publish(name);
  };
  list("tsne.safetensors");
  core::write_text_file(files.path("tsne.json"), core::json_text(mapped.document), ExitCode::data);
  list("tsne.json");
  draw_map(context, made, mapped.map);
  files.publish_kind("tsne", map_options(mapped.document), !reference);
}

}  // namespace

const EmbeddedSplit& embed_split(InterpretContext& context) {
  if (context.embedded) return *context.embedded;
  std::optional<EmbeddingMap> reference;
  if (context.options.onto) reference = reference_map(context);
  const LayerChoice layer = chosen_layer(context, reference);
  Embeddings points = embed(context, context.data.indices(context.split), context.split, layer, "embeddings");
  std::optional<Embeddings> known;
  if (reference) {
    const auto split = split_from_name(reference->metadata.at("split"));
    known.emplace(embed(context, reference->rows, split, layer, "embeddings of the map"));
  }
  context.embedded = std::make_shared<const EmbeddedSplit>(
      EmbeddedSplit{std::move(reference), layer, std::move(points), std::move(known)});
  return *context.embedded;
}

void interpret_embeddings(InterpretContext& context) {
  const EmbeddedSplit& made = embed_split(context);
  const auto& [reference, layer, points, known] = made;
  context.document["embeddings"] = {
      {"layer", layer_text(layer)}, {"images", points.size()}, {"features", points.features}};
  if (context.wants("embeddings")) {
    interpret::write_embeddings(context.files.path("embeddings.safetensors"), points,
                                metadata_of(context, layer));
    context.files.keep("embeddings.safetensors");
    context.files.publish_kind("embeddings", {{"layer", layer_text(layer)}}, false);
  }
  if (!context.wants("tsne")) return;
  Mapped mapped = reference ? transform_onto(context, made) : make_map(context, points);
  finish_document(context, layer, mapped.document);
  write_map_files(context, made, mapped);
  context.document["tsne"] = mapped.document;
}

}  // namespace svhn::cli
