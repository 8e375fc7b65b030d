#pragma once
/// The prepared data file: the images, labels and splits of a run in one memory-mapped safetensors file. N
/// images; an image is u8 [32,32,3] (height, width, RGB); class index i is digit (i + 1) % 10.

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data/statistics.h"
#include "formats/safetensors/safetensors.h"

namespace svhn::data {

inline constexpr std::int64_t kSide = 32;
inline constexpr std::int64_t kChannels = 3;
inline constexpr std::int64_t kImageBytes = kSide * kSide * kChannels;
inline constexpr std::int64_t kClasses = 10;

/// @returns the digit of a class index.
constexpr int digit_of_class(int index) {
  return (index + 1) % 10;
}
/// @returns the class index of a digit.
constexpr int class_of_digit(int digit) {
  return (digit + 9) % 10;
}

enum class Split { train, val, test };
/// @returns "train", "val" or "test".
std::string split_name(Split split);

/// The content of a prepared file; `write_prepared` adds the statistics.
struct PreparedContent {
  std::vector<std::uint8_t> images;                  ///< [N,32,32,3]
  std::vector<std::uint8_t> labels;                  ///< [N], 0..9
  std::array<std::vector<std::int64_t>, 3> indices;  ///< Indexed by Split; in any order; rows < N.
  std::vector<std::int64_t> groups{};  ///< [N], the photo of each row, 0..N-1; empty where it is unknown.
  /// source, sha256, label_rule, split parameters, synthetic, …
  std::map<std::string, std::string> metadata;
};

/// Writes the file atomically. @throws core::Error(data)
void write_prepared(const std::filesystem::path& path, const PreparedContent& content);

/// A prepared file opened for reading; the constructor reads the header, the labels and the indices.
class PreparedData {
 public:
  /// @throws core::Error(data) when missing, damaged, not a prepared file, or with rows or labels
  /// out of range.
  explicit PreparedData(const std::filesystem::path& path);
  ~PreparedData();
  PreparedData(PreparedData&&) noexcept;

  /// Divides the training split for cross-validation. The result shares the open file. The test rows stay,
  /// and the statistics of both parts are those of the full training split: the division comes after
  /// preprocessing, as when scikit-learn splits an array that was scaled before.
  /// @param train_rows, val_rows rows of this training split, each at most once.
  /// @throws core::Error(bug) for other rows.
  [[nodiscard]] PreparedData divided(std::vector<std::int64_t> train_rows,
                                     std::vector<std::int64_t> val_rows) const;

  [[nodiscard]] std::int64_t size() const;
  /// @param row 0..size()-1. @returns the 3072 bytes of the image, verified by checksum.
  [[nodiscard]] std::span<const std::uint8_t> image(std::int64_t row) const;
  [[nodiscard]] std::span<const std::uint8_t> labels() const;
  [[nodiscard]] std::span<const std::int64_t> indices(Split split) const;
  [[nodiscard]] std::span<const std::int64_t> groups() const;  ///< See `PreparedContent::groups`.
  [[nodiscard]] const SplitStatistics& statistics(Split split) const;
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const;
  [[nodiscard]] bool synthetic() const;  ///< Made by `preprocess --synthetic`; every output must show it.
  [[nodiscard]] const std::filesystem::path& path() const;
  [[nodiscard]] const formats::SafetensorsFile& file() const;

 private:
  struct Impl;
  explicit PreparedData(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace svhn::data
