#pragma once
/// A model in one safetensors file: weights, layers, input, preprocessing and class names. Reading what a
/// model is needs no LibTorch.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "formats/safetensors/safetensors.h"
#include "model/graph/spec.h"
#include "model/plan.h"

namespace svhn::model {

/// Everything a model file says besides its weights.
struct ModelRecord {
  std::string name;
  std::vector<std::int64_t> input;  ///< C,H,W
  ModelSpec spec;
  std::string preprocessing;  ///< The data room's JSON, carried as it is.
  bool synthetic = false;     ///< Trained on built-in synthetic digits.
};

/// @returns the record as safetensors metadata. `kind` is "model" or "checkpoint". A backbone's variant is
/// settled and the path of its weights, which the file holds itself, left out (a TorchScript file's stays).
std::map<std::string, std::string> record_metadata(const ModelRecord& record, const std::string& kind);

class ModelFile {
 public:
  /// @throws core::Error(model) when the file is missing, damaged, not a model of this program, of a newer
  /// format, or when its tensors are not exactly those of its layers (missing, unexpected and wrongly shaped
  /// ones are named).
  explicit ModelFile(const std::filesystem::path& path);

  [[nodiscard]] const ModelRecord& record() const { return record_; }
  [[nodiscard]] const NetworkPlan& plan() const { return plan_; }
  [[nodiscard]] const formats::SafetensorsFile& file() const { return file_; }
  [[nodiscard]] bool is_checkpoint() const { return checkpoint_; }

 private:
  formats::SafetensorsFile file_;
  ModelRecord record_;
  NetworkPlan plan_;
  bool checkpoint_ = false;
};

}  // namespace svhn::model
