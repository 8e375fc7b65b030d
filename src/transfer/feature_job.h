#pragma once
/// The making of a file of features. N = training and validation images; F = shape of one image's features.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "model/plan.h"
#include "transfer/features.h"

namespace svhn::transfer {

/// Everything that decides the features.
struct FeatureJob {
  const train::FrozenPart& part;
  model::CutPoint cut;
  std::vector<std::int64_t> shape;  ///< F.
  std::vector<std::int64_t> rows;   ///< Ascending.
  std::string key;
  std::filesystem::path path;

  [[nodiscard]] std::size_t numbers() const { return static_cast<std::size_t>(model::element_count(shape)); }
  [[nodiscard]] std::uint64_t bytes() const { return rows.size() * (numbers() * sizeof(float) + 8); }
};

/// Runs the images through the frozen layers and writes the file. The processes of a group run a batch each
/// in turn, so that every batch is one that a single process would have run.
/// @param writes whether this process keeps the features of all; the others only help.
/// @throws core::Error(data): the file cannot be written; core::Interrupted: a signal to any process.
void write_features(const FeatureJob& job, const FeatureEvents& events, bool writes);

}  // namespace svhn::transfer
