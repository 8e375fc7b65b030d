#pragma once
/// Embeddings: a layer's output for many images, and 2-D maps of them. N = images, D = features of an
/// embedding.

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
#include "interpret/activations.h"
#include "network/network.h"

namespace svhn::interpret {

/// Largest size of all embeddings together, in bytes.
inline constexpr std::int64_t kMostEmbeddingBytes = std::int64_t{16} << 30;

struct Embeddings {
  core::ScratchFile values;  ///< f32 [N,D], row-major.
  std::int64_t features = 0;
  std::vector<std::int64_t> rows;    ///< [N], rows of the data file.
  std::vector<std::uint8_t> labels;  ///< [N], class index 0..9.
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(rows.size()); }
  /// @returns a view f32 [N,D] of `values`, valid while this object lives.
  [[nodiscard]] torch::Tensor tensor() const;
};

struct EmbedOptions {
  std::int64_t batch_size = inference::kInferenceBatch;
  std::filesystem::path scratch = ".";  ///< Folder of the scratch file that holds the values.
  /// Called after each batch; may throw to stop.
  std::function<void(std::int64_t done, std::int64_t total)> progress = {};
  /// The ranks that share the images; all hold the same network and call `embed` together. Rank 0 gets all
  /// embeddings, each other rank its own. Not owned; nullptr: no other ranks.
  distributed::ProcessGroup* group = nullptr;
};

/// Computes the embeddings of some images.
/// @param rows of the data file. @param plan preprocessing of the images.
/// @throws core::Error(usage) when the embeddings would take more than `kMostEmbeddingBytes`;
/// core::Error(data) without images, for a row out of range, or without disk space for the embeddings;
/// core::Error(numeric) when an output is not finite.
Embeddings embed(network::Network& network, const data::PreparedData& data,
                 std::span<const std::int64_t> rows, const data::PreprocessPlan& plan,
                 const LayerChoice& layer, const EmbedOptions& options);

/// Writes `embeddings` f32 [N,D], `labels` u8 [N] and `rows` i64 [N]. @throws core::Error(data)
void write_embeddings(const std::filesystem::path& path, const Embeddings& embeddings,
                      const std::map<std::string, std::string>& metadata);

/// A 2-D map of images.
struct EmbeddingMap {
  torch::Tensor map;  ///< f32 [N,2]
  std::vector<std::int64_t> rows;
  std::vector<std::uint8_t> labels;
  std::map<std::string, std::string> metadata;
};

/// Writes `map` f32 [N,2], `labels` u8 [N] and `rows` i64 [N]. @throws core::Error(data)
void write_map(const std::filesystem::path& path, const EmbeddingMap& map);

/// Reads a file of `write_map`.
/// @throws core::Error(data) when the file is missing, damaged, not a map, empty, or when it has a label
/// above 9, a negative row or a coordinate that is not finite.
EmbeddingMap read_map(const std::filesystem::path& path);

}  // namespace svhn::interpret
