#pragma once
/// Applies a common corruption to digits. The definitions and their constants are those of CIFAR-10-C, the
/// set of 32x32 pixels of the paper's authors; only frost differs, see `Corrupter`.
/// @see data/corruption_names.h; github.com/hendrycks/robustness, ImageNet-C/create_c/make_cifar_c.py

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "core/random.h"
#include "data/batch.h"
#include "data/corruption_names.h"

namespace svhn::data {

/// Changes one image. @param hwc u8 [32,32,3]. @param changed u8 [32,32,3], filled; another memory than
/// `hwc`.
using Change = std::function<void(std::span<const std::uint8_t> hwc, core::CounterRandom& random,
                                  std::span<std::uint8_t> changed)>;

/// One corruption in one severity. What an image becomes depends on its pixels, the corruption, the severity,
/// the seed and its row alone. The paper lays photographs of frost over the images, which are not part of
/// this program: it draws ice crystals instead.
class Corrupter {
 public:
  /// @param name of `kCorruptions`. @param severity 1 to kSeverities.
  /// @throws core::Error(config) for another name or severity, with those that there are.
  Corrupter(std::string_view name, int severity, std::uint64_t seed);

  /// Thread-safe. @param hwc u8 [32,32,3]. @param row of the data file. @param changed u8 [32,32,3], filled.
  /// @throws core::Error(bug) for other sizes.
  void apply(std::span<const std::uint8_t> hwc, std::int64_t row, std::span<std::uint8_t> changed) const;

 private:
  Change change_;
  std::uint64_t seed_;
  std::uint64_t stream_;
};

/// @throws core::Error(config) unless it is a name of `kCorruptions`; the hint suggests one.
void check_corruption(std::string_view name);
/// @throws core::Error(config) unless it is 1 to kSeverities.
void check_severity(int severity);

/// Corrupted pixels as a network's input. The preprocessing is the clean data's: it is the model's, not the
/// weather's.
class CorruptedSource : public InputSource {
 public:
  /// @param data must outlive the source.
  CorruptedSource(const PreparedData& data, const PreprocessPlan& plan, Corrupter corrupter);
  [[nodiscard]] std::vector<std::int64_t> shape() const override { return plan_.shape(); }
  void read(std::int64_t row, std::span<float> values) const override;

 private:
  const PreparedData& data_;
  PreprocessPlan plan_;
  Corrupter corrupter_;
};

}  // namespace svhn::data
