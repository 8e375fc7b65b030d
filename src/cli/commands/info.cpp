#include "cli/commands/info.h"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <nlohmann/json.hpp>

#include "cli/command_line.h"
#include "cli/commands/model_card.h"
#include "cli/commands/model_history.h"
#include "cli/console.h"
#include "core/error.h"
#include "core/json.h"
#include "core/text.h"
#include "data/photos.h"
#include "data/prepared.h"
#include "data/preprocessing_text.h"
#include "formats/safetensors/safetensors.h"
#include "model/model_file.h"
#include "model/summary.h"

namespace svhn::cli {
namespace {

using core::ExitCode;
using data::PreparedData;
using data::Split;
using nlohmann::ordered_json;

constexpr std::size_t kMaxPath = 4096;
constexpr std::array<Split, 3> kSplits{Split::train, Split::val, Split::test};

std::array<std::int64_t, data::kClasses> class_counts(const PreparedData& data) {
  std::array<std::int64_t, data::kClasses> counts{};
  for (const std::uint8_t label : data.labels()) ++counts.at(label);
  return counts;
}

std::string entry(const PreparedData& data, const std::string& key) {
  const auto found = data.metadata().find(key);
  return found == data.metadata().end() ? "" : found->second;
}

std::string count_text(std::size_t count) {
  return core::with_thousands(static_cast<std::int64_t>(count));
}

ordered_json data_json(const PreparedData& data) {
  ordered_json splits;
  for (const Split split : kSplits) splits[data::split_name(split)] = data.indices(split).size();
  ordered_json document{{"kind", "data"},
                        {"images", data.size()},
                        {"splits", splits},
                        {"class_counts", class_counts(data)},
                        {"source", entry(data, "source")},
                        {"synthetic", data.synthetic()}};
  if (!data.groups().empty()) {
    document["group"] = entry(data, "group");
    document["photos"] = data::count_groups(data.groups());
  }
  for (const auto& [key, value] : data.metadata()) {
    if (!document.contains(key)) document["metadata"][key] = value;
  }
  return document;
}

std::string data_text(const PreparedData& data) {
  std::string text = "Prepared data: " + core::printable(data.path().string(), kMaxPath) + "\n";
  if (data.synthetic()) text += "  Synthetic digits, drawn by svhn itself\n";
  text += "  images   " + core::with_thousands(data.size()) + "\n";
  for (const Split split : kSplits) {
    const std::string name = data::split_name(split);
    text += "  " + name + std::string(9 - name.size(), ' ') + count_text(data.indices(split).size()) + "\n";
  }
  if (!data.groups().empty()) {
    const std::int64_t photos = data::count_groups(data.groups());
    text += "  photos   " + core::with_thousands(photos) + "\n";
  }
  text += "  classes ";
  const auto counts = class_counts(data);
  for (int index = 0; index < data::kClasses; ++index) {
    text += " '" + std::to_string(data::digit_of_class(index)) + "' " +
            std::to_string(counts.at(static_cast<std::size_t>(index)));
  }
  text += "\n";
  for (const auto& [key, value] : data.metadata()) {
    if (value.size() <= 200) text += "  " + core::printable(key) + ": " + core::printable(value, 200) + "\n";
  }
  return text;
}

enum class Kind { data, model, weights };

/// @returns the kind that the file's metadata names; weights without one.
Kind kind_of(const formats::SafetensorsFile& file) {
  const auto& metadata = file.metadata();
  const auto format = metadata.find("format");
  if (format == metadata.end()) return Kind::weights;
  if (format->second.starts_with("svhn-prepared")) return Kind::data;
  return format->second.starts_with("svhn-model") ? Kind::model : Kind::weights;
}

ordered_json model_json(const model::ModelFile& model) {
  ordered_json document{{"kind", model.is_checkpoint() ? "checkpoint" : "model"},
                        {"name", model.record().name}};
  document.update(model::summary_json(model.graph()));
  document["preprocessing"] = ordered_json::parse(model.record().preprocessing, nullptr, false);
  document["synthetic"] = model.record().synthetic;
  if (model.record().temperature != 1.0) document["temperature"] = model.record().temperature;
  if (!model.record().val_fingerprint.empty()) {
    document["fingerprints"] = {{"data", model.record().data_fingerprint},
                                {"val", model.record().val_fingerprint}};
  }
  add_history(model, document);
  return document;
}

ordered_json tensors_json(const formats::SafetensorsFile& file) {
  ordered_json tensors = ordered_json::array();
  for (const auto& tensor : file.tensors()) {
    tensors.push_back(
        {{"name", tensor.name}, {"dtype", formats::safetensors_name(tensor.dtype)}, {"shape", tensor.shape}});
  }
  return {{"kind", "weights"}, {"tensors", tensors}, {"metadata", file.metadata()}};
}

std::string tensors_text(const formats::SafetensorsFile& file) {
  std::string text = "Weights: " + core::printable(file.path().string(), kMaxPath) + ", " +
                     std::to_string(file.tensors().size()) + " tensors\n";
  for (const auto& tensor : file.tensors()) {
    text += "  " + core::printable(tensor.name) + "  " +
            std::string(formats::safetensors_name(tensor.dtype)) + " " + model::shape_text(tensor.shape) +
            "\n";
  }
  return text;
}

int show_data(const InfoOptions& options) {
  const PreparedData data(options.file);
  data.file().verify();
  print_data(data, options.json);
  if (!options.json) print_text("  Checksums: all match\n");
  return 0;
}

int show_model(const InfoOptions& options) {
  const model::ModelFile model(options.file);
  model.file().verify();
  if (options.json) {
    print_json(model_json(model));
    return 0;
  }
  std::string text = (model.is_checkpoint() ? "Checkpoint of a run\n" : "") +
                     model::summary_text(model.graph(), model.record().name);
  if (model.record().synthetic) text += "Trained on synthetic digits.\n";
  if (model.record().temperature != 1.0) {
    text += fmt::format("Calibrated: the logits are divided by {:.4f}\n", model.record().temperature);
  }
  text += history_text(model);
  if (!model.record().val_fingerprint.empty()) {
    text += "Fingerprints: data " + core::printable(model.record().data_fingerprint) + ", validation split " +
            core::printable(model.record().val_fingerprint) + "\n";
  }
  const auto preprocessing = data::preprocessing_from_json(model.record().preprocessing,
                                                           model.file().path().string(), ExitCode::model);
  text += "Preprocessing: " + data::preprocessing_text(preprocessing) + "\nChecksums: all match\n";
  print_text(text);
  return 0;
}

/// Prints the model card. @throws core::Error(model) for a file of another kind.
int show_card(const InfoOptions& options, Kind kind) {
  if (kind != Kind::model) {
    throw core::Error(ExitCode::model,
                      "'" + options.file.string() + "': " +
                          (kind == Kind::data ? "a prepared data file" : "weights alone") + ", not a model",
                      "a card is of a model: name its file, or its run folder");
  }
  const model::ModelFile model(options.file);
  model.file().verify();
  print_text(model_card(model));
  return 0;
}

}  // namespace

void print_data(const PreparedData& data, bool as_json) {
  as_json ? print_json(data_json(data)) : print_text(data_text(data));
}

void add_options(CLI::App& command, InfoOptions& options) {
  add_path(command, "file", options.file, "The file, or a run folder")->transform(model_path())->required();
  auto* json = command.add_flag("--json", options.json, "One JSON document on stdout");
  command
      .add_flag("--card", options.card, "A model card on stdout: Markdown with the metadata that hubs read")
      ->excludes(json);
}

int run_command(const InfoOptions& options, const GlobalOptions& /*global*/) {
  const formats::SafetensorsFile file(options.file, ExitCode::data);
  const Kind kind = kind_of(file);
  if (options.card) return show_card(options, kind);
  switch (kind) {
    case Kind::data:
      return show_data(options);
    case Kind::model:
      return show_model(options);
    case Kind::weights:
      break;
  }
  options.json ? print_json(tensors_json(file)) : print_text(tensors_text(file));
  return 0;
}

}  // namespace svhn::cli
