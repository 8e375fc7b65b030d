#include "model/model_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.h"
#include "core/fields.h"
#include "core/fields_json.h"
#include "core/json.h"
#include "model/backbones/backbone.h"
#include "model/spec_json.h"

namespace svhn::model {
namespace {

using core::Error;
using core::ExitCode;

constexpr const char* kFormat = "svhn-model-1";
constexpr const char* kClasses = R"(["1","2","3","4","5","6","7","8","9","0"])";
constexpr const char* kImportedClasses = "imported_classes";
constexpr const char* kTemperature = "temperature";
constexpr const char *kDataFingerprint = "data_fingerprint", *kValFingerprint = "val_fingerprint";
constexpr const char* kNotOurs =
    "these are weights alone: name them in a config's backbone, or convert the whole Keras model";

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& problem,
                         const std::string& hint) {
  throw Error(ExitCode::model, "'" + path.string() + "': " + problem, hint);
}

const std::string& entry(const formats::SafetensorsFile& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end())
    refuse(file.path(), "not a model file of this program (no '" + key + "')", kNotOurs);
  return found->second;
}

void check_format(const formats::SafetensorsFile& file) {
  const std::string& format = entry(file, "format");
  if (format == kFormat) return;
  if (format.starts_with("svhn-prepared"))
    refuse(file.path(), "a prepared data file, not a model", "name it with --data");
  refuse(file.path(), "its format is '" + core::printable(format) + "', not '" + kFormat + "'",
         format.starts_with("svhn-model-") ? "it was written by a newer version of svhn" : kNotOurs);
}

std::vector<std::int64_t> read_shape(const formats::SafetensorsFile& file) {
  const std::string source = "'" + file.path().string() + "': input";
  const auto document = core::parse_json_strict(entry(file, "input"), source, ExitCode::model);
  std::vector<std::int64_t> shape;
  core::Problems problems(source);
  core::read_fields(
      document,
      [&](core::Visitor& visitor) {
        const core::ListAccess list{shape.size(), [&](std::size_t size) { shape.assign(size, 0); },
                                    [&](core::Visitor& inner, std::size_t i) {
                                      inner.integer(shape[i], {1, 1 << 16});
                                    }};
        visitor.list(list, {3, 3});
      },
      problems);
  problems.throw_if_any(ExitCode::model, "the file is damaged");
  return shape;
}

/// @returns "" where there is none.
std::string optional_entry(const formats::SafetensorsFile& file, const char* key) {
  const auto found = file.metadata().find(key);
  return found == file.metadata().end() ? "" : found->second;
}

double read_temperature(const formats::SafetensorsFile& file) {
  const auto found = file.metadata().find(kTemperature);
  if (found == file.metadata().end()) return 1.0;
  const std::string source = "'" + file.path().string() + "': temperature";
  const auto value = core::parse_json_strict(found->second, source, ExitCode::model);
  if (value.is_number() && value >= kLeastTemperature && value <= kMostTemperature) return value;
  refuse(file.path(),
         "its temperature is " + core::printable(found->second) + ", not a number from 0.01 to 100",
         "run svhn calibrate on the model again, or take the file from its source anew");
}

ModelRecord read_record(const formats::SafetensorsFile& file) {
  check_format(file);
  const std::string source = "'" + file.path().string() + "': layers";
  const auto layers = core::parse_json_strict(entry(file, "layers"), source, ExitCode::model);
  return {entry(file, "name"),
          read_shape(file),
          model_from_json(layers, source, ExitCode::model),
          entry(file, "preprocessing"),
          entry(file, "synthetic") == "true",
          optional_entry(file, kImportedClasses),
          read_temperature(file),
          optional_entry(file, kDataFingerprint),
          optional_entry(file, kValFingerprint)};
}

Graph plan_record(const formats::SafetensorsFile& file, const ModelRecord& record) {
  try {
    return plan_network(record.spec, record.input, {10, ExitCode::model});
  } catch (const Error& error) {
    refuse(file.path(), error.what(), error.hint());
  }
}

bool read_is_checkpoint(const formats::SafetensorsFile& file) {
  const std::string& kind = entry(file, "kind");
  if (kind == "model" || kind == "checkpoint") return kind == "checkpoint";
  refuse(file.path(), "its kind is '" + core::printable(kind) + "', neither 'model' nor 'checkpoint'",
         kNotOurs);
}

bool is_training_state(const std::string& name) {
  return name.starts_with("optimizer.") || name.starts_with("average.");
}

/// Accepts exactly the network's tensors and, in a checkpoint, those of the training state.
void check_tensors(const formats::SafetensorsFile& file, const Graph& graph, bool checkpoint) {
  std::set<std::string> expected;
  for (const Node& node : graph.nodes) {
    for (const TensorPlan& tensor : node.tensors) {
      file.require(tensor.name, formats::DType::f32, tensor.shape);
      expected.insert(tensor.name);
    }
  }
  for (const auto& tensor : file.tensors()) {
    if (expected.contains(tensor.name) || (checkpoint && is_training_state(tensor.name))) continue;
    refuse(file.path(), "unexpected tensor '" + core::printable(tensor.name) + "'",
           "the file is not what it says it is");
  }
}

/// Resolves the variant of backbones and removes the path of their weights, which the file holds itself. A
/// TorchScript file is still needed for its code.
ModelSpec recorded_spec(const ModelSpec& spec) {
  ModelSpec recorded = spec;
  for (LayerSpec& layer : recorded.layers) {
    auto* backbone = std::get_if<BackboneSpec>(&layer.op);
    if (backbone == nullptr || backbone->backbone == kTorchScript) continue;
    backbone->variant = variant_of(*backbone);
    backbone->weights.clear();
  }
  return recorded;
}

}  // namespace

std::map<std::string, std::string> record_metadata(const ModelRecord& record, const std::string& kind) {
  std::map<std::string, std::string> metadata{{"format", kFormat},
                                              {"kind", kind},
                                              {"name", record.name},
                                              {"input", nlohmann::json(record.input).dump()},
                                              {"layers", model_to_json(recorded_spec(record.spec)).dump()},
                                              {"preprocessing", record.preprocessing},
                                              {"classes", kClasses},
                                              {"synthetic", record.synthetic ? "true" : "false"}};
  if (!record.imported_classes.empty()) metadata[kImportedClasses] = record.imported_classes;
  if (!record.data_fingerprint.empty()) metadata[kDataFingerprint] = record.data_fingerprint;
  if (!record.val_fingerprint.empty()) metadata[kValFingerprint] = record.val_fingerprint;
  if (record.temperature != 1.0) metadata[kTemperature] = nlohmann::json(record.temperature).dump();
  return metadata;
}

ModelFile::ModelFile(const std::filesystem::path& path)
    : file_(path, ExitCode::model),
      record_(read_record(file_)),
      graph_(plan_record(file_, record_)),
      checkpoint_(read_is_checkpoint(file_)) {
  check_tensors(file_, graph_, checkpoint_);
}

}  // namespace svhn::model
