#pragma once
/// What the frozen layers in front of a network give for every image, computed once and mapped from disk.
/// N = training and validation images; F = shape of one image's features, [C,H,W] or [features].

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

/// A file of features: `features` f32 [N,F] and `rows` i64 [N] (of the data file, ascending), and in its
/// metadata what they were made of.
class FeatureFile : public data::InputSource {
 public:
  /// @param shape F. @param rows those that it must hold. @param key what it must say it was made of.
  /// @throws core::Error(data) when the file is missing, damaged, or of something else.
  FeatureFile(const std::filesystem::path& path, std::vector<std::int64_t> shape,
              const std::vector<std::int64_t>& rows, const std::string& key);

  [[nodiscard]] std::vector<std::int64_t> shape() const override { return shape_; }
  /// @throws core::Error(data) when the features' checksum does not match.
  void read(std::int64_t row, std::span<float> values) const override;

 private:
  formats::SafetensorsFile file_;
  std::vector<std::int64_t> shape_;
  const formats::TensorInfo* features_ = nullptr;
  std::vector<std::int64_t> places_;  ///< By row of the data file; -1: not in the file.
};

/// What a user wants to know while features are made.
struct FeatureEvents {
  /// Before anything is written: where, how large, for how many images.
  std::function<void(const std::filesystem::path& path, std::uint64_t bytes, std::size_t images)> writing{};
  std::function<void(const std::filesystem::path& path)> found{};  ///< Made before; used again.
  std::function<void(std::size_t done, std::size_t images)> progress{};
  std::function<void(const std::string& reason)> unused{};  ///< Why the frozen layers run in every epoch.
};

/// @returns a function for `train::SessionRequest::make_features`: computes what the training and validation
/// images give at `model::frozen_cut`, or finds it made by an earlier run. They are keyed by the frozen
/// layers and their weights, the preprocessing, the data and the precision. With augmentation, or where the
/// disk has no room, `events.unused` says so and the layers run in every epoch.
/// @param folder where feature files lie; several runs may share it.
/// @throws (when called) core::Error(data): cannot be written; core::Interrupted: a signal, nothing is left.
train::MakeFeatures feature_maker(const std::filesystem::path& folder, FeatureEvents events);

}  // namespace svhn::transfer
