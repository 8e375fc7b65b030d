#pragma once
/// Writes a network as an ONNX file: pictures in, probabilities of the digits out. N = images, H, W = sides
/// of the network's input.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/preprocess.h"
#include "model/graph/graph.h"

namespace svhn::model {

/// The versions of ONNX' set of operators that can be written.
inline constexpr std::int64_t kFirstOpset = 13;
inline constexpr std::int64_t kLastOpset = 17;

/// Names of the graph's inputs and outputs.
inline constexpr const char* kOnnxImages = "images";                ///< u8 [N,H,W,3], RGB.
inline constexpr const char* kOnnxInput = "input";                  ///< f32 [N,C,H,W], preprocessed.
inline constexpr const char* kOnnxProbabilities = "probabilities";  ///< f32 [N,10] of the digits 0 to 9.
inline constexpr const char* kOnnxDigit = "digit";                  ///< i64 [N]

struct OnnxOptions {
  std::int64_t opset = kLastOpset;
  /// What the graph does with pictures first; nothing: its input is preprocessed already.
  std::optional<data::Preprocessing> preprocessing;
  std::string name;  ///< Of the model.
  std::vector<std::pair<std::string, std::string>> metadata;
  double temperature = 1.0;  ///< The graph divides the logits by it.
};

/// The numbers of a network's tensor, by its name; they need to be valid during the call only.
using TensorValues = std::function<std::span<const float>(const std::string& name)>;

/// Refuses what ONNX cannot hold.
/// @param source name of the model in messages.
/// @throws core::Error(model) for a TorchScript module and for more than 2 GB of weights; core::Error(usage)
/// for an op that the opset lacks.
void check_exportable(const Graph& graph, std::int64_t opset, const std::string& source);

/// Writes the file atomically.
/// @param graph of ten outputs, e.g. of `network::fold_batch_norm`.
/// @returns the file's size, bytes.
/// @throws core::Error(model) when the file cannot be written or would be larger than 2 GB.
std::uint64_t write_onnx(const std::filesystem::path& path, const Graph& graph, const TensorValues& values,
                         const OnnxOptions& options);

/// @returns the bytes of the same file. @throws core::Error(model) when it would be larger than 2 GB.
std::string onnx_bytes(const Graph& graph, const TensorValues& values, const OnnxOptions& options);

}  // namespace svhn::model
