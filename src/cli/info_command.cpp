#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/data_document.h"
#include "core/error.h"
#include "core/json.h"
#include "data/prepared.h"
#include "formats/safetensors/safetensors.h"
#include "model/model_file.h"
#include "model/summary.h"

namespace svhn::cli {
namespace {

using core::ExitCode;
using nlohmann::ordered_json;

enum class Kind { data, model, weights };

/// What a safetensors file is, by its own word.
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
  document.update(model::summary_json(model.plan()));
  document["preprocessing"] = ordered_json::parse(model.record().preprocessing, nullptr, false);
  document["synthetic"] = model.record().synthetic;
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
  std::string text =
      "Weights: " + file.path().string() + ", " + std::to_string(file.tensors().size()) + " tensors\n";
  for (const auto& tensor : file.tensors()) {
    text += "  " + core::printable(tensor.name) + "  " +
            std::string(formats::safetensors_name(tensor.dtype)) + " " + model::shape_text(tensor.shape) +
            "\n";
  }
  return text;
}

int show_data(const InfoOptions& options) {
  const data::PreparedData data(options.file);
  data.file().verify();
  options.json ? print_json(data_json(data)) : print_text(data_text(data) + "  checksums: all match\n");
  return 0;
}

int show_model(const InfoOptions& options) {
  const model::ModelFile model(options.file);
  model.file().verify();
  if (options.json) {
    print_json(model_json(model));
    return 0;
  }
  std::string text = model::summary_text(model.plan(), model.record().name);
  if (model.record().synthetic) text += "Trained on synthetic digits.\n";
  text += "Preprocessing: " + model.record().preprocessing + "\nchecksums: all match\n";
  print_text(text);
  return 0;
}

}  // namespace

int run_info(const InfoOptions& options) {
  const formats::SafetensorsFile file(options.file, ExitCode::data);
  switch (kind_of(file)) {
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
