#pragma once
/// A layer's output for many images as points, and maps of such points in files. N = images, D = numbers of
/// the layer's output.

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/scratch.h"
#include "data/prepared.h"
#include "data/preprocess.h"
#include "distributed/process_group.h"
#include "inference/evaluate.h"
#include "interpret/layer_choice.h"
#include "network/network.h"

namespace svhn::interpret {

/// Bytes of all embeddings beyond which a layer is refused.
inline constexpr std::int64_t kMostEmbeddingBytes = std::int64_t{16} << 30;

struct Embeddings {
  core::ScratchFile values;  ///< f32 [N,D], row-major.
  std::int64_t features = 0;
  std::vector<std::int64_t> rows;    ///< [N], of the data file.
  std::vector<std::uint8_t> labels;  ///< [N], class index 0..9.
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(rows.size()); }
  /// @returns [N,D] that shares `values`; valid while this object lives.
  [[nodiscard]] torch::Tensor tensor() const;
};

struct EmbedOptions {
  std::int64_t batch_size = inference::kImagesAtATime;
  std::filesystem::path scratch = ".";  ///< Folder for what memory does not hold.
  /// Called after each batch; may throw to stop.
  std::function<void(std::int64_t done, std::int64_t total)> progress = {};
  /// The processes that share the work, each with the same network and all calling at the same time; rank 0
  /// gets all embeddings, every other one keeps its part. Borrowed; nullptr: this one alone.
  distributed::ProcessGroup* group = nullptr;
};

/// @param rows of the data file; a row out of its range is core::Error(data).
/// @param plan their preprocessing.
/// @throws core::Error(usage) when the embeddings would take more than `kMostEmbeddingBytes`;
/// core::Error(data) without images, or without room for them; core::Error(numeric) when an output is not
/// finite.
Embeddings embed(network::Network& network, const data::PreparedData& data,
                 std::span<const std::int64_t> rows, const data::PreprocessPlan& plan,
                 const LayerChoice& layer, const EmbedOptions& options);

/// Writes `embeddings` f32 [N,D], `labels` u8 [N] and `rows` i64 [N]. @throws core::Error(data)
void write_embeddings(const std::filesystem::path& path, const Embeddings& embeddings,
                      const std::map<std::string, std::string>& metadata);

/// Points in the plane and the images they stand for.
struct EmbeddingMap {
  torch::Tensor map;  ///< f32 [N,2]
  std::vector<std::int64_t> rows;
  std::vector<std::uint8_t> labels;
  std::map<std::string, std::string> metadata;
};

/// Writes `map` f32 [N,2], `labels` u8 [N] and `rows` i64 [N]. @throws core::Error(data)
void write_map(const std::filesystem::path& path, const EmbeddingMap& map);

/// @throws core::Error(data) when the file is missing, damaged, not such a map, empty, or when it has a label
/// above 9, a negative row or a coordinate that is not finite.
EmbeddingMap read_map(const std::filesystem::path& path);

}  // namespace svhn::interpret
