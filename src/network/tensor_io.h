#pragma once
/// Reads and writes the tensors of networks as safetensors files.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "formats/safetensors/safetensors.h"
#include "model/model_file.h"
#include "network/network.h"

namespace svhn::network {

/// Writes tensors (float32 or float64, any device) and metadata atomically. @throws core::Error(model)
void write_tensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                   const std::map<std::string, std::string>& metadata);

/// Copies a file's arrays into the tensors of the same names.
/// @throws core::Error(model) naming the first tensor that is missing or has another shape or dtype; no
/// tensor is changed then.
void read_tensors(const formats::SafetensorsFile& file, const std::vector<NamedTensor>& tensors);

/// @returns the network of a model file, with its weights. @throws core::Error(model)
Network load_network(const model::ModelFile& file);

}  // namespace svhn::network
