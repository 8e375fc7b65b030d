#pragma once
/// A model in one safetensors file: weights, layers, input, preprocessing and class
/// names. Reading it needs no LibTorch.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "formats/safetensors/safetensors.h"
#include "model/graph/spec.h"
#include "model/plan.h"

namespace svhn::model {

/// The metadata of a model file.
struct ModelRecord {
  std::string name;
  std::vector<std::int64_t> input;  ///< C,H,W
  ModelSpec spec;
  std::string preprocessing;  ///< JSON of `data::preprocessing_to_json`, stored unchanged.
  bool synthetic = false;     ///< Trained on the built-in synthetic digits.
  /// Of an imported model: how its outputs were read, "index", "digit" or (eleven outputs) "svhn"; else "".
  std::string imported_classes{};
  /// The logits of inference are divided by it (Guo et al. 2017, section 4.2); 1: not calibrated.
  double temperature = 1.0;
  /// Of the prepared file of the training, and of its validation split; "" where they are not known.
  std::string data_fingerprint{}, val_fingerprint{};
};

inline constexpr double kLeastTemperature = 0.01, kMostTemperature = 100.0;

/// Converts a record to safetensors metadata. A backbone's automatic variant is resolved and the path of its
/// weights omitted, since the file holds them; a TorchScript backbone keeps its path.
/// @param kind "model" or "checkpoint".
/// @returns the metadata.
std::map<std::string, std::string> record_metadata(const ModelRecord& record, const std::string& kind);

/// A model or checkpoint file, open for reading.
class ModelFile {
 public:
  /// @throws core::Error(model) when the file is missing, damaged, not a model of this program or
  /// of a newer format, or when its tensors do not match its layers (naming the missing,
  /// unexpected or wrongly shaped one).
  explicit ModelFile(const std::filesystem::path& path);

  [[nodiscard]] const ModelRecord& record() const { return record_; }
  [[nodiscard]] const Graph& graph() const { return graph_; }
  [[nodiscard]] const formats::SafetensorsFile& file() const { return file_; }
  [[nodiscard]] bool is_checkpoint() const { return checkpoint_; }

 private:
  formats::SafetensorsFile file_;
  ModelRecord record_;
  Graph graph_;
  bool checkpoint_ = false;
};

}  // namespace svhn::model
