#pragma once
/// Reads ONNX files that `write_onnx` has written: operators become layers again. What was folded before
/// stays folded, and the nodes of a backbone become layers of their own.

#include <filesystem>
#include <string>
#include <vector>

#include "data/preprocess.h"
#include "model/graph/spec.h"
#include "model/pretrained/reader.h"

namespace svhn::model {

struct OnnxModel {
  std::string name;
  Shape input;  ///< C,H,W of the network.
  ModelSpec spec;
  std::vector<WeightArray> arrays;  ///< Named as in a model file.
  data::Preprocessing preprocessing;
  bool synthetic = false;    ///< Trained on synthetic digits.
  double temperature = 1.0;  ///< See ModelRecord.
};

/// @throws core::Error(model) when the file is missing or damaged, or naming the first operator, attribute or
/// shape that `write_onnx` does not write.
OnnxModel import_onnx(const std::filesystem::path& path);

}  // namespace svhn::model
