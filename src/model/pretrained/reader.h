#pragma once
/// Reads weights published by other programs as named float32 arrays: Keras' HDF5 weight files, PyTorch's
/// checkpoints and safetensors. Only data is read; no code of a file is executed.
///
/// Layouts are PyTorch's: convolution [out,in,kh,kw], depthwise [C*M,1,kh,kw] (C channels, M = multiplier,
/// channel c's outputs are c*M … c*M+M-1), dense [out,in], all others [C].
///
/// Names of Keras' files become `<layer>.<weight|bias|running_mean|running_var>`: kernel and gamma are
/// weight, beta is bias. The two kernels of a separable convolution are `<layer>.depthwise.weight` and
/// `<layer>.pointwise.weight`. A '/' in a layer's name stays ("conv1/bn.weight"). Names of PyTorch's
/// checkpoints and of safetensors files are unchanged but for the names of wrappers: "module." in front of
/// every name and "_orig_mod." are omitted. So are counters (`num_batches_tracked`).

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace svhn::model {

/// Which framework's names the arrays have. Safetensors files are `torch` unless
/// `svhn convert` recorded `keras`.
enum class WeightOrigin { keras, torch };

/// @returns "keras" or "torch".
std::string_view origin_name(WeightOrigin origin);

/// A named array.
struct WeightArray {
  std::string name;
  std::vector<std::int64_t> shape;  ///< Row-major; empty for a scalar.
  std::vector<float> values;        ///< Row-major, as many as the product of the shape.
};

/// The arrays of a file.
struct WeightSource {
  WeightOrigin origin = WeightOrigin::torch;
  std::string format;                ///< "Keras HDF5", "PyTorch" or "safetensors", for messages.
  std::vector<WeightArray> arrays;   ///< In the file's order (Keras: layer by layer); names are unique.
  std::vector<std::string> notes{};  ///< Remarks for the user, one line each.

  /// @returns the array of that name, or nullptr.
  [[nodiscard]] const WeightArray* find(std::string_view name) const;
};

/// Reads all weights of a file. The format is detected by the first bytes, not by the name.
/// @returns the arrays, converted to float32.
/// @throws core::Error(model) naming file and array: a missing, damaged or unknown file, repeated names,
/// elements that are not floating point, a file without weights.
WeightSource open_weights(const std::filesystem::path& path);

}  // namespace svhn::model
