#pragma once
/// The prepared data file: every image, label and split of a run in one safetensors file that is opened by
/// mmap. N images; rows are u8 [32,32,3] (height, width, RGB); class index i is digit (i + 1) % 10.

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

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

/// What a split's pixels look like, as u8/255 in float64; grey is RGB . [0.2990, 0.5870, 0.1140].
struct SplitStatistics {
  double min = 0.0, max = 0.0;  ///< Over all channels.
  double grey_min = 0.0, grey_max = 0.0;
  std::array<double, 3> mean{}, stddev{};  ///< Per channel, population deviation.
  double grey_mean = 0.0, grey_stddev = 0.0;
  bool operator==(const SplitStatistics&) const = default;
};

/// @param images u8 [N,32,32,3]; @param rows which of them. Empty rows give zeros.
SplitStatistics compute_statistics(std::span<const std::uint8_t> images, std::span<const std::int64_t> rows);

/// Everything that goes into a prepared file; `write_prepared` computes the statistics.
struct PreparedContent {
  std::vector<std::uint8_t> images;                  ///< [N,32,32,3]
  std::vector<std::uint8_t> labels;                  ///< [N], 0..9
  std::array<std::vector<std::int64_t>, 3> indices;  ///< By Split: ascending order is not needed; rows < N.
  std::map<std::string, std::string>
      metadata;  ///< source, sha256, label_rule, split parameters, synthetic, …
};

/// Writes the file atomically. @throws core::Error(data)
void write_prepared(const std::filesystem::path& path, const PreparedContent& content);

/// A prepared file opened for reading; opening costs the header, the labels and the indices.
class PreparedData {
 public:
  /// @throws core::Error(data) when missing, damaged, not a prepared file, or with rows or labels out of
  /// range.
  explicit PreparedData(const std::filesystem::path& path);
  ~PreparedData();
  PreparedData(PreparedData&&) noexcept;

  /// Divides the training split anew, for cross-validation: the same open file, seen with other rows.
  /// Test rows stay; the statistics of both parts are those of the whole training split, since a division
  /// comes after preprocessing, as where scikit-learn divides an array that was scaled before.
  /// @param train_rows, val_rows rows of this training split, each once at most.
  /// @throws core::Error(bug) when they are not.
  [[nodiscard]] PreparedData divided(std::vector<std::int64_t> train_rows,
                                     std::vector<std::int64_t> val_rows) const;

  [[nodiscard]] std::int64_t size() const;
  /// @returns the 3072 bytes of one image, verified. @param row 0..size()-1.
  [[nodiscard]] std::span<const std::uint8_t> image(std::int64_t row) const;
  [[nodiscard]] std::span<const std::uint8_t> labels() const;
  [[nodiscard]] std::span<const std::int64_t> indices(Split split) const;
  [[nodiscard]] const SplitStatistics& statistics(Split split) const;
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const;
  [[nodiscard]] bool synthetic() const;  ///< Made by `preprocess --synthetic`; every output must say so.
  [[nodiscard]] const std::filesystem::path& path() const;
  [[nodiscard]] const formats::SafetensorsFile& file() const;

 private:
  struct Impl;
  explicit PreparedData(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace svhn::data
