#pragma once
/// Reads the pickle of a PyTorch checkpoint.

#include <map>
#include <span>
#include <string>
#include <vector>

#include "formats/pickle/pickle.h"
#include "formats/torch/torch_archive.h"

namespace svhn::formats {

/// @returns the options for such a pickle: its allow-list, with persistent ids.
PickleOptions torch_pickle_options(const std::string& file, core::ExitCode code);

struct TorchPickle {
  std::vector<TorchTensor> tensors;
  std::vector<std::string> left_out{};  ///< Entries of the state dict that are numbers, text or nothing.
};

/// @returns the tensors of the model's state dict; each lies inside its storage according to the pickle.
/// @throws core::Error for anything that holds none, or several.
TorchPickle read_state_dict(const Pickle& pickle);

/// @returns the element types of all storages by key, those of other state dicts included.
std::map<std::string, DType> storage_types(const Pickle& pickle);

}  // namespace svhn::formats
