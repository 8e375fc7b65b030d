#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <vector>

#include "cli/commands/export.h"
#include "cli/commands/model_history.h"
#include "cli/commands/training_data.h"
#include "cli/console.h"
#include "cli/engine/progress.h"
#include "cli/engine/setup.h"
#include "core/build_info.h"
#include "core/error.h"
#include "core/json.h"
#include "core/text.h"
#include "data/preprocessing_text.h"
#include "inference/session.h"
#include "model/onnx/export.h"

namespace svhn::cli {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kLongestName = 1000;
static_assert(ExportOptions::kFirstOpset == model::kFirstOpset &&
              ExportOptions::kLastOpset == model::kLastOpset);

/// @returns the evaluation to name: one on test data, if any.
const Evaluation* evaluation_to_name(const std::vector<Evaluation>& evaluations) {
  const auto test = std::find_if(evaluations.begin(), evaluations.end(),
                                 [](const Evaluation& one) { return one.about.split == "test"; });
  if (test != evaluations.end()) return &*test;
  return evaluations.empty() ? nullptr : &evaluations.front();
}

std::string accuracy_text(const Evaluation& one) {
  const results::About& about = one.about;
  return ordered_json(one.accuracy).dump() + " on the " + about.split + " split of " +
         core::printable(std::filesystem::path(about.data.file).filename().string(), kLongestName) + ", " +
         core::with_thousands(about.split_images) + " images";
}

/// @returns what the file tells about the model, for any reader.
std::vector<std::pair<std::string, std::string>> metadata_of(const model::ModelFile& file,
                                                             const data::Preprocessing& preprocessing) {
  const std::vector<Evaluation> evaluations = evaluations_of(file);
  const auto training = training_data_of(file, evaluations);
  const Evaluation* named = evaluation_to_name(evaluations);
  std::vector<std::pair<std::string, std::string>> metadata{
      {"labels", "0,1,2,3,4,5,6,7,8,9"},
      {"svhn_model", file.record().name},
      {"svhn_version", core::version()},
      {"preprocessing", data::preprocessing_text(preprocessing)},
      {"svhn_preprocessing", file.record().preprocessing},
      {"svhn_synthetic", file.record().synthetic ? "true" : "false"},
      {"license_note", licence_note(file, training)}};
  if (training) metadata.emplace_back("data_fingerprint", training->fingerprint);
  if (named != nullptr) metadata.emplace_back("accuracy", accuracy_text(*named));
  return metadata;
}

/// What has been written.
struct Exported {
  model::Shape input;  ///< C,H,W of the network.
  std::uint64_t bytes = 0;
};

Exported write_model(const ExportOptions& options) {
  const model::ModelFile file(options.model);
  model::check_exportable(file.graph(), options.opset, options.model.string());
  const data::Preprocessing preprocessing = inference::preprocessing_of(file);
  const network::Network network = inference::load_for_inference(file, torch::kCPU);
  std::unordered_map<std::string, torch::Tensor> tensors;
  for (const network::NamedTensor& item : network.tensors())
    tensors[item.name] = item.tensor.detach().contiguous();
  const auto values = [&](const std::string& name) {
    const torch::Tensor& tensor = tensors.at(name);
    return std::span(tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel()));
  };
  model::OnnxOptions how{options.opset, preprocessing, file.record().name, metadata_of(file, preprocessing)};
  if (options.without_preprocessing) how.preprocessing.reset();
  return {network.input_shape(), model::write_onnx(options.output, network.graph(), values, how)};
}

ordered_json value_json(const char* name, const char* dtype, const std::vector<std::int64_t>& sizes) {
  ordered_json shape = ordered_json::array({"N"});
  for (const std::int64_t size : sizes) shape.push_back(size);
  return {{"name", name}, {"dtype", dtype}, {"shape", shape}};
}

ordered_json document_of(const ExportOptions& options, const Exported& what) {
  const model::Shape& input = what.input;
  const ordered_json given =
      options.without_preprocessing
          ? value_json(model::kOnnxInput, "float32", input)
          : value_json(model::kOnnxImages, "uint8", {input[1], input[2], data::kChannels});
  ordered_json outputs = ordered_json::array();
  outputs.push_back(value_json(model::kOnnxProbabilities, "float32", {data::kClasses}));
  outputs.push_back(value_json(model::kOnnxDigit, "int64", {}));
  return {{"output", options.output.string()},
          {"opset", options.opset},
          {"inputs", ordered_json::array({given})},
          {"outputs", outputs},
          {"bytes", what.bytes}};
}

/// @returns a line for each input and output: "  input   images         uint8 [N,32,32,3]".
std::string values_text(const char* title, const ordered_json& values) {
  constexpr std::size_t kNameWidth = 15;
  std::string text;
  for (const ordered_json& value : values) {
    std::string name = value.at("name"), shape;
    name.resize(kNameWidth, ' ');
    for (const ordered_json& size : value.at("shape"))
      shape += (shape.empty() ? "" : ",") + (size.is_string() ? "N" : size.dump());
    text += std::string("  ") + title + name + value.at("dtype").get<std::string>() + " [" + shape + "]\n";
  }
  return text;
}

}  // namespace

int run_command(const ExportOptions& options, const GlobalOptions& global) {
  set_up_hardware(global);
  const Exported what = with_progress(global, "export", [&](StageProgress& progress) {
    progress.tell("'" + options.model.string() + "'");
    return write_model(options);
  });
  const ordered_json document = document_of(options, what);
  if (options.json) {
    print_json(document);
    return 0;
  }
  print_summary(global, options.output.string() + ": ONNX model, opset " + std::to_string(options.opset) +
                            ", " + core::with_thousands(static_cast<std::int64_t>(what.bytes)) + " bytes\n" +
                            values_text("input   ", document["inputs"]) +
                            values_text("output  ", document["outputs"]));
  return 0;
}

}  // namespace svhn::cli
