#pragma once
/// Learning curves that were pickled in Python, for `svhn convert`.

#include <filesystem>
#include <string>

namespace svhn::cli {

/// Learning curves that were pickled in Python: `pickle.dump(model.fit(…).history, file)`.
struct PickledCurves {
  std::string text;         ///< JSON with Keras' keys, ended by a newline.
  std::string description;  ///< "4 curves of 50 epochs", and what was left out.
};

/// Reads a dict of lists of numbers (Python's or numpy's). `acc` and `val_acc` become `accuracy` and
/// `val_accuracy`, as do Keras' `categorical_accuracy` and `sparse_categorical_accuracy` where there is no
/// `accuracy`; `lr` becomes `learning_rate`. With all of Keras' four curves the result is a history as
/// `train` writes it; otherwise every curve under its own name.
/// @throws core::Error(data) for anything else, for curves of different lengths and of no epochs;
/// core::Error(numeric) for numbers that are not finite.
PickledCurves read_pickled_curves(const std::filesystem::path& path);

}  // namespace svhn::cli
