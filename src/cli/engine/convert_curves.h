#pragma once
/// Learning curves that were pickled in Python: `pickle.dump(model.fit(…).history, file)`.

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace svhn::cli {

struct PickledCurves {
  std::string text;         ///< JSON with Keras' keys, ended by a newline.
  std::string description;  ///< "4 curves of 50 epochs", and what was left out.
};

/// Reads a dict of lists of numbers (Python's or numpy's). `acc` and `val_acc` become `accuracy` and
/// `val_accuracy`, `lr` becomes `learning_rate`. With all of Keras' four curves the result is a history as
/// `train` writes it; otherwise every curve under its own name.
/// @throws core::Error(data) for anything else, and for curves of different lengths; core::Error(numeric) for
/// numbers that are not finite.
PickledCurves read_pickled_curves(const std::filesystem::path& path);

}  // namespace svhn::cli
