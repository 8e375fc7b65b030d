#pragma once
/// Reads the pickle of a PyTorch checkpoint.

#include <span>
#include <vector>

#include "formats/pickle/pickle.h"
#include "formats/torch/torch_archive.h"

namespace svhn::formats {

/// @returns the options for such a pickle: its allow-list, with persistent ids.
PickleOptions torch_pickle_options(const std::string& file, core::ExitCode code);

/// @returns the tensors of a state dict; each lies inside its storage according to the pickle.
/// @throws core::Error for anything that is not a state dict.
std::vector<TorchTensor> read_state_dict(const Pickle& pickle);

}  // namespace svhn::formats
