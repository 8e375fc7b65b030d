#pragma once
/// Weights as other programs publish them, as named float32 arrays: Keras' HDF5 weight files, PyTorch's
/// checkpoints and safetensors. Only data is read; nothing of a file is executed.
///
/// Layouts are PyTorch's: convolution [out,in,kh,kw], depthwise [C*M,1,kh,kw] (C channels, M = multiplier,
/// channel c's outputs are c*M … c*M+M-1), dense [out,in], everything else [C].
///
/// Names of Keras' files become `<layer>.<weight|bias|running_mean|running_var>`: kernel and gamma are
/// weight, beta is bias. The two kernels of a separable convolution are `<layer>.depthwise.weight` and
/// `<layer>.pointwise.weight`. A '/' in a layer's name stays ("conv1/bn.weight"). Names of PyTorch's
/// checkpoints and of safetensors files are kept as they are; counters (`num_batches_tracked`) are left out.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace svhn::model {

/// Whose names the arrays have. Safetensors files are `torch` unless `svhn convert` noted otherwise.
enum class WeightOrigin { keras, torch };

/// @returns "keras" or "torch".
std::string_view origin_name(WeightOrigin origin);

struct WeightArray {
  std::string name;
  std::vector<std::int64_t> shape;  ///< Row-major; empty for a scalar.
  std::vector<float> values;        ///< As many as the product of the shape.
};

struct WeightSource {
  WeightOrigin origin = WeightOrigin::torch;
  std::string format;               ///< "Keras HDF5", "PyTorch" or "safetensors", for messages.
  std::vector<WeightArray> arrays;  ///< In the file's own order (Keras: layer by layer), no name twice.

  /// @returns the array of that name, or nullptr.
  [[nodiscard]] const WeightArray* find(std::string_view name) const;
};

/// Reads all weights of a file; what it is is decided by its first bytes, not by its name.
/// @throws core::Error(model) naming file and array: missing, damaged, of another kind, names twice, elements
/// that are not floating point, a Keras file without weights.
WeightSource open_weights(const std::filesystem::path& path);

}  // namespace svhn::model
