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

constexpr const char* kAbout = "interpret.json";

/// @returns the parts that the folder's interpret.json lists if its model, data, split and number of images
/// are those of `about`; an empty list or null otherwise, also for a damaged file.
nlohmann::json earlier_parts(const fs::path& folder, const ordered_json& about) {
  std::error_code none;
  if (!fs::exists(folder / kAbout, none)) return nlohmann::json::array();
  try {
    const auto earlier = core::read_json_file(folder / kAbout, ExitCode::data);
    const auto same = [&](const char* key) { return earlier.value(key, nlohmann::json()) == about[key]; };
    const bool fits = earlier.is_object() && same("model") && same("data") && same("split") && same("images");
    return fits ? earlier.value("what", nlohmann::json()) : nlohmann::json();
  } catch (const core::Error&) {
    return nlohmann::json::array();
  }
}

/// Writes interpret.json. Parts of earlier runs stay listed while their files exist.
void write_about(const fs::path& folder, ordered_json about) {
  const auto earlier = earlier_parts(folder, about);
  const auto lists = [](const auto& parts, const char* name) {
    return std::any_of(parts.begin(), parts.end(), [&](const auto& part) { return part == name; });
  };
  ordered_json parts = ordered_json::array();
  for (const InterpretPart& part : kInterpretParts) {
    std::error_code none;
    const bool kept = lists(earlier, part.name) && fs::exists(folder / part.file, none);
    if (kept || lists(about["what"], part.name)) parts.push_back(part.name);
  }
  about["what"] = std::move(parts);
  core::allow_replacing(folder / kAbout);
  core::write_text_file(folder / kAbout, core::json_text(about), ExitCode::data);
}

}  // namespace

InterpretFiles::InterpretFiles(fs::path output, const std::optional<fs::path>& run_folder)
    : output_(std::move(output)) {
  if (run_folder && !same_folder(*run_folder / "interpret", output_)) copies_ = *run_folder / "interpret";
}

std::vector<fs::path> InterpretFiles::all(bool placed) const {
  std::vector<fs::path> paths;
  for (const std::string name : kInterpretFiles) {
    paths.push_back(path(name));
    if (copies_ && !(placed && name.starts_with("tsne."))) paths.push_back(*copies_ / name);
  }
  return paths;
}

void InterpretFiles::publish(const std::string& name) {
  if (copies_) copy_atomically(path(name), *copies_ / name);
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

void InterpretFiles::publish_about(const ordered_json& about) {
  write_about(output_, about);
  if (copies_) write_about(*copies_, about);
  keep(kAbout);
}

InterpretContext::InterpretContext(const InterpretCommandOptions& asked, const GlobalOptions& how,
                                   DistributedContext& processes)
    : options(asked),
      global(how),
      file(asked.model),
      preprocessing(inference::preprocessing_of(file)),
      hardware(set_up_hardware(how)),
      network(network::load_network(file)),
      data(data_file_of(asked.data, asked.model, file)),
      split(split_from_name(asked.split)),
      files(asked.output, run_folder_of(asked.model, file)),
      group(processes.group(hardware.device)) {
  network.to(hardware.device);
  if (data.indices(split).empty()) {
    throw core::Error(ExitCode::data,
                      "'" + data.path().string() + "': the " + asked.split + " split is empty",
                      "choose another --split, or prepare the data with other fractions");
  }
}

bool InterpretContext::wants(const std::string& part) const {
  if (!options.what.empty()) return std::ranges::find(options.what, part) != options.what.end();
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

std::string InterpretContext::title() const {
  return file.record().name + " on the " + options.split + " split" +
         (data.synthetic() ? " (synthetic digits)" : "");
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
  std::ignore = chosen_layers();
  if (wants("activations") || wants("saliency")) std::ignore = chosen_image();
  if (first()) core::check_outputs(files.all(options.onto.has_value()));
  if (options.what.empty() && !has_map() && first()) {
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
  stop_if_asked("stopped; the files that were finished are in '" + options.output.string() + "'");
}

}  // namespace svhn::cli
