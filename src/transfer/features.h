#pragma once
/// The features of a network's frozen first layers for every image, computed once and memory-mapped from a
/// file. N = training and validation images; F = shape of one image's features, [C,H,W] or [features].

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/batch.h"
#include "formats/safetensors/safetensors.h"
#include "train/session.h"

namespace svhn::transfer {

/// A safetensors file of features: `features` f32 [N,F], `rows` i64 [N] (of the data file, ascending), and in
/// the metadata the key of what they were computed from.
class FeatureFile : public data::InputSource {
 public:
  /// @param shape F. @param rows,key the rows and the key that the file must hold.
  /// @throws core::Error(data) when the file is missing or damaged, or when its rows or key differ.
  FeatureFile(const std::filesystem::path& path, std::vector<std::int64_t> shape,
              const std::vector<std::int64_t>& rows, const std::string& key);

  [[nodiscard]] std::vector<std::int64_t> shape() const override { return shape_; }
  /// @throws core::Error(data) when the features' checksum does not match.
  void read(std::int64_t row, std::span<float> values) const override;

 private:
  formats::SafetensorsFile file_;
  std::vector<std::int64_t> shape_;
  const formats::TensorInfo* features_ = nullptr;
  std::vector<std::int64_t> positions_;  // By row of the data file; -1: not in the file.
};

/// Progress callbacks; each may be empty.
struct FeatureEvents {
  /// Before the features are computed: path and size of the file, number of images.
  std::function<void(const std::filesystem::path& path, std::uint64_t bytes, std::size_t images)> writing{};
  std::function<void(const std::filesystem::path& path)> found{};  ///< A file of an earlier run is used.
  std::function<void(std::size_t done, std::size_t images)> progress{};
  std::function<void(const std::string& reason)> unused{};  ///< Features are not cached, and why.
};

/// Creates a function for `train::SessionRequest::make_features` that computes the features of the
/// training and validation images at `model::frozen_cut`, or opens the file of an earlier run. The
/// key of a file covers the frozen layers and their weights, the preprocessing, the data, the
/// precision and the device. With augmentation or without enough disk space it calls `events.unused`,
/// and the layers run in every epoch.
/// @param folder of feature files; several runs may share it.
/// @returns the function. It throws core::Error(data) when the file cannot be written, and core::Interrupted
/// after a signal to any process, leaving no file.
train::MakeFeatures feature_maker(const std::filesystem::path& folder, FeatureEvents events);

}  // namespace svhn::transfer
