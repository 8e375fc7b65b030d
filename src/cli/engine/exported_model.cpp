#include "cli/engine/exported_model.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cli/commands/model_history.h"
#include "cli/commands/training_data.h"
#include "core/build_info.h"
#include "core/json.h"
#include "core/text.h"
#include "data/preprocessing_text.h"
#include "inference/session.h"
#include "model/onnx/export.h"

namespace svhn::cli {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kLongestName = 1000;

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
         core::with_thousands(about.split_images) + " images, fingerprint " +
         core::printable(about.split_fingerprint, kLongestName);
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

/// A network for inference, and what the file says of it.
struct Loaded {
  network::Network network;
  model::OnnxOptions options;
};

Loaded load(const std::filesystem::path& model, std::int64_t opset, bool without_preprocessing) {
  const model::ModelFile file(model);
  model::check_exportable(file.graph(), opset, model.string());
  const data::Preprocessing preprocessing = inference::preprocessing_of(file);
  model::OnnxOptions how{opset, preprocessing, file.record().name, metadata_of(file, preprocessing),
                         file.record().temperature};
  if (without_preprocessing) how.preprocessing.reset();
  return {inference::load_for_inference(file, torch::kCPU), std::move(how)};
}

/// @returns a function that gives the numbers of the network's tensors, which it keeps.
model::TensorValues values_of(const network::Network& network) {
  std::unordered_map<std::string, torch::Tensor> tensors;
  for (const network::NamedTensor& item : network.tensors())
    tensors[item.name] = item.tensor.detach().contiguous();
  return [tensors = std::move(tensors)](const std::string& name) {
    const torch::Tensor& tensor = tensors.at(name);
    return std::span(tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel()));
  };
}

}  // namespace

Exported write_exported(const ExportOptions& options) {
  const Loaded model = load(options.model, options.opset, options.without_preprocessing);
  const auto bytes =
      model::write_onnx(options.output, model.network.graph(), values_of(model.network), model.options);
  return {model.network.input_shape(), bytes};
}

std::string exported_bytes(const std::filesystem::path& model) {
  const Loaded loaded = load(model, ExportOptions().opset, false);
  return model::onnx_bytes(loaded.network.graph(), values_of(loaded.network), loaded.options);
}

}  // namespace svhn::cli
