#include "cli/engine/interpret/context.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <tuple>

#include "cli/engine/model_source.h"
#include "cli/engine/progress.h"
#include "core/error.h"
#include "core/file.h"
#include "core/input_guard.h"
#include "core/json.h"
#include "interpret/embeddings.h"
#include "interpret/tsne/tsne.h"
#include "network/tensor_io.h"

namespace svhn::cli {

namespace fs = std::filesystem;
using core::ExitCode;
using nlohmann::ordered_json;

namespace {

bool same_folder(const fs::path& a, const fs::path& b) {
  std::error_code error;
  return fs::weakly_canonical(a, error) == fs::weakly_canonical(b, error);
}

void copy_atomically(const fs::path& from, const fs::path& to) {
  const core::MappedFile source(from, ExitCode::data);
  core::AtomicFile target(to, ExitCode::data);
  target.write(source.bytes());
  target.commit();
}

/// @returns the files of an interpretation.
InterpretFiles files_of(const InterpretCommandOptions& asked, const ModelFiles& models,
                        const data::PreparedData& data, data::Split split) {
  auto about = models.describe(data, split, "float32");
  std::optional<fs::path> kept;  // A run folder is of one model.
  if (!asked.models.several()) kept = results_folder_of(asked.models.first(), models.first(), about);
  return {asked.output ? std::optional<fs::path>(*asked.output) : std::nullopt, kept, std::move(about)};
}

/// @throws core::Error(usage) when a part looks into a network, of which there are several.
void refuse_inside(const InterpretCommandOptions& asked) {
  for (const std::string& part : asked.what) {
    if (std::ranges::find(kPartsOfAnswers, part) != kPartsOfAnswers.end()) continue;
    throw core::Error(ExitCode::usage,
                      "--what " + part + " looks into one network, but " +
                          std::to_string(asked.models.models.size()) + " models are given",
                      "several models have confusion and misclassified; name one --model for the others");
  }
}

}  // namespace

InterpretFiles::InterpretFiles(const std::optional<fs::path>& output, const std::optional<fs::path>& kept,
                               results::About about)
    : in_run_(kept && (!output || same_folder(*kept, *output)) ? kept : std::nullopt),
      output_(output ? *output : kept.value_or("interpretation")),
      copies_(in_run_ ? std::nullopt : kept),
      about_(std::move(about)) {}

std::vector<fs::path> InterpretFiles::all(bool placed) const {
  std::vector<fs::path> paths;
  for (const std::string name : kInterpretFiles) {
    paths.push_back(path(name));
    if (copies() && !(placed && name.starts_with("tsne."))) paths.push_back(*copies() / name);
  }
  return paths;
}

void InterpretFiles::publish(const std::string& name) {
  copies_.keep([&](const fs::path& folder) { copy_atomically(path(name), folder / name); });
  keep(name);
}

void InterpretFiles::publish_json(const std::string& name, const ordered_json& document) {
  core::write_text_file(path(name), core::json_text(document), ExitCode::data);
  publish(name);
}

void InterpretFiles::publish_chart(const std::string& name, const report::ChartResult& drawn) {
  if (drawn.status == report::ChartStatus::drawn) {
    publish(name);
  } else {
    spdlog::warn("warning: {}; '{}' was not drawn, its numbers are in the data files", drawn.message, name);
  }
}

void InterpretFiles::publish_kind(const std::string& kind, const ordered_json& options, bool copied) {
  list_results(output_, about_, kind, options);
  if (copied) copies_.keep([&](const fs::path& folder) { list_results(folder, about_, kind, options); });
  if (std::ranges::find(names_, results::kAboutFile) == names_.end()) keep(results::kAboutFile);
}

InterpretContext::InterpretContext(const InterpretCommandOptions& asked, const GlobalOptions& how,
                                   DistributedContext& processes)
    : options(asked),
      global(how),
      models(asked.models),
      file(models.first()),
      preprocessing(inference::preprocessing_of(file)),
      hardware(set_up_hardware(how)),
      network(network::load_network(file)),
      data(data_file_of(asked.data, asked.models.first(), file)),
      split(split_from_name(asked.split)),
      files(files_of(asked, models, data, split)),
      group(processes.group(hardware.device)) {
  models.check_same_data();
  network.to(hardware.device);
  if (data.indices(split).empty()) {
    throw core::Error(ExitCode::data,
                      "'" + data.path().string() + "': the " + asked.split + " split is empty",
                      "choose another --split, or prepare the data with other fractions");
  }
}

bool InterpretContext::wants(const std::string& part) const {
  if (!options.what.empty()) return std::ranges::find(options.what, part) != options.what.end();
  if (options.models.several()) return std::ranges::find(kPartsOfAnswers, part) != kPartsOfAnswers.end();
  return part != "tsne" || has_map();
}

bool InterpretContext::has_map() const {
  const auto images = static_cast<std::int64_t>(data.indices(split).size());
  return options.onto || images >= interpret::kFewestTsnePoints;
}

data::PreprocessPlan InterpretContext::plan_of(data::Split of) const {
  return data::plan_for(preprocessing, data, of);
}

ChosenImage InterpretContext::chosen_image() const {
  const auto rows = data.indices(split);
  if (options.index >= static_cast<std::int64_t>(rows.size())) {
    throw core::Error(ExitCode::usage,
                      "--index is " + std::to_string(options.index) + ", but the " + options.split +
                          " split has " + std::to_string(rows.size()) + " images",
                      "the first one has the index 0");
  }
  const std::int64_t row = rows[static_cast<std::size_t>(options.index)];
  const auto& shape = network.input_shape();
  torch::Tensor pixels = torch::empty({1, shape[0], shape[1], shape[2]}, torch::kFloat32);
  const std::span<float> values(static_cast<float*>(pixels.data_ptr()),
                                static_cast<std::size_t>(pixels.numel()));
  plan_of(split).apply_resized(data.image(row), values);
  return {row, options.index, data.labels()[static_cast<std::size_t>(row)], pixels.to(hardware.device)};
}

std::vector<interpret::LayerChoice> InterpretContext::chosen_layers() const {
  std::vector<interpret::LayerChoice> layers;
  for (const std::string& text : options.layers) {
    const auto layer = interpret::find_layer(network.graph(), text);
    const auto same = [&](const interpret::LayerChoice& other) { return other.node == layer.node; };
    if (std::ranges::none_of(layers, same)) layers.push_back(layer);
  }
  return layers;
}

void InterpretContext::add_models(ordered_json& to) const {
  if (!options.models.several()) return;
  to["models"] = models.json();
  to["average"] = options.models.average;
}

std::string InterpretContext::title() const {
  return name() + " on the " + options.split + " split" + (data.synthetic() ? " (synthetic digits)" : "");
}

report::Tile InterpretContext::picture(std::int64_t row) const {
  const auto pixels = data.image(row);
  return {static_cast<int>(data::kSide), static_cast<int>(data::kSide), {pixels.begin(), pixels.end()}};
}

report::Tile InterpretContext::input_picture(std::int64_t row) const {
  const data::Resizer resizer({}, preprocessing.sides);
  report::Tile tile{static_cast<int>(resizer.to().height), static_cast<int>(resizer.to().width),
                    std::vector<std::uint8_t>(resizer.to().bytes())};
  resizer(data.image(row), tile.rgb);
  return tile;
}

void InterpretContext::check_requests() const {
  if (options.models.several()) refuse_inside(options);
  std::ignore = chosen_layers();
  if (wants("activations") || wants("saliency")) std::ignore = chosen_image();
  if (first()) core::check_outputs(files.all(options.onto.has_value()));
  if (options.what.empty() && !options.models.several() && !has_map() && first()) {
    spdlog::warn("warning: no t-SNE map: it needs at least {} images, and the {} split has {}",
                 interpret::kFewestTsnePoints, options.split, data.indices(split).size());
  }
  if (!options.onto) return;
  if (!wants("tsne")) {
    throw core::Error(ExitCode::usage, "--onto is for t-SNE, which --what leaves out", "add tsne to --what");
  }
  std::ignore = interpret::read_map(*options.onto);
}

void InterpretContext::check_stop() const {
  stop_if_asked("stopped; the files that were finished are in '" + files.output().string() + "'");
}

}  // namespace svhn::cli
