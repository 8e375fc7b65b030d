#pragma once
/// Preprocessing: converts u8 pixels to a network's input. The named steps of a config are resolved to
/// tables. H, W: height and width; C: channels of the result, 1 or 3; n: images. The steps start from u8/255.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "data/options.h"
#include "data/prepared.h"
#include "data/resize.h"

namespace svhn::data {

/// @returns "greyscale", "minmax_per_split", "minmax" or "standardize".
std::string_view step_name(PreprocessStep step);
/// @returns the step of that name, or nullopt when there is none.
std::optional<PreprocessStep> step_from_name(std::string_view name);

/// @returns what is wrong with the order of the steps, or nullopt: greyscale may occur once, and standardize
/// must be the last step.
std::optional<std::string> step_order_fault(std::span<const PreprocessStep> steps);

/// @returns the channels of the network's input: 1 after greyscale, else 3.
std::int64_t channels_of(std::span<const PreprocessStep> steps);

/// The preprocessing that a model file stores, to reproduce the network's input.
struct Preprocessing {
  std::vector<PreprocessStep> steps;
  SplitStatistics train;  ///< Statistics of the training split of the model.
  /// Of the network's input, to which images are resized first. A model file has it in its input, not here.
  ImageSides sides{};
  bool operator==(const Preprocessing&) const = default;
};

/// @returns one line of JSON: {"steps":[names],"train":{statistics}}; the text preserves
/// every double exactly.
std::string preprocessing_to_json(const Preprocessing& preprocessing);
/// @param source name of the file in messages. @param code exit code of a failure.
/// @throws core::Error(code) unless `text` is exactly such a document.
Preprocessing preprocessing_from_json(std::string_view text, const std::string& source, core::ExitCode code);

/// byte * (high + low), rounded once.
struct PixelSlope {
  float high = 0.0F;
  float low = 0.0F;
};

/// RGB . weights + shift.
struct GreyLine {
  std::array<double, 3> weights{};
  double shift = 0.0;
};

/// The steps resolved for one split. Computed in float64, rounded to float32 once.
/// Step by step: greyscale is RGB . [0.2990, 0.5870, 0.1140]; minmax steps are (x - min) / (max - min) over
/// all channels; standardize is (x - mean) / deviation for each channel, population deviation. The statistics
/// are those after the steps before. Where max == min or a deviation is 0 the divisor is 1, as in
/// scikit-learn's scalers: a constant split becomes 0.
class PreprocessPlan {
 public:
  template <typename Value>
  using Tables = std::array<std::array<Value, 256>, 3>;  ///< For each channel and byte.

  /// @param own statistics of the split, for minmax_per_split; `preprocessing.train` for
  /// images from elsewhere.
  /// @throws core::Error(config) when `step_order_fault` finds one.
  PreprocessPlan(const Preprocessing& preprocessing, const SplitStatistics& own);

  /// @returns 1 after greyscale, else 3.
  [[nodiscard]] std::int64_t channels() const { return grey_ ? 1 : 3; }
  /// @returns H and W of the network's input.
  [[nodiscard]] ImageSides sides() const { return resizer_.to(); }
  /// @returns [C,H,W] of the network's input.
  [[nodiscard]] std::vector<std::int64_t> shape() const {
    return {channels(), sides().height, sides().width};
  }

  /// Converts one image. @param hwc u8 [H,W,3], any H and W. @param chw f32 [C,H,W], filled.
  /// @throws core::Error(bug) when the two do not fit each other.
  void apply(std::span<const std::uint8_t> hwc, std::span<float> chw) const;
  /// Converts an image of a prepared file, resized to `sides`.
  /// @param hwc u8 [32,32,3]. @param chw f32 of `shape`, filled.
  /// @throws core::Error(bug) for other sizes.
  void apply_resized(std::span<const std::uint8_t> hwc, std::span<float> chw) const;

 private:
  using Slopes = std::array<PixelSlope, 3>;

  static void apply_slopes(std::span<const std::uint8_t> hwc, std::span<float> chw, const Slopes& slopes);
  /// Gives the same bits on every instruction set.
  static void apply_grey(std::span<const std::uint8_t> hwc, std::span<float> grey, const GreyLine& line);
  void find_slopes(const Tables<double>& table);

  std::optional<GreyLine> grey_;  ///< The result of greyscale.
  Tables<float> colour_{};        ///< The result without greyscale.
  std::optional<Slopes> slopes_;  ///< Set where they give the same numbers as the tables, in half the time.
  Resizer resizer_;               ///< From the sides of a prepared file's images.
};

/// @param preprocessing that of a model, or {steps, data.statistics(Split::train)} for a new run.
/// @returns the plan for a split of a data file.
PreprocessPlan plan_for(const Preprocessing& preprocessing, const PreparedData& data, Split split);

}  // namespace svhn::data
