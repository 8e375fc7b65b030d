#include "data/preprocess.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "core/vector_clones.h"
#include "data/preprocess_steps.h"
#include "data/statistics.h"

namespace svhn::data {
namespace {

constexpr std::array<std::string_view, 4> kStepNames{"greyscale", "minmax_per_split", "minmax",
                                                     "standardize"};

[[noreturn]] void refuse_steps(const std::string& source, core::ExitCode code, const std::string& what) {
  throw core::Error(code, "'" + source + "': the preprocessing " + what,
                    "the file is damaged; make it again");
}

std::vector<PreprocessStep> parse_steps(const nlohmann::json& list, const std::string& source,
                                        core::ExitCode code) {
  if (!list.is_array()) refuse_steps(source, code, "has no list of steps");
  std::vector<PreprocessStep> steps;
  for (const nlohmann::json& item : list) {
    const auto step = item.is_string() ? step_from_name(item.get_ref<const std::string&>()) : std::nullopt;
    if (!step) refuse_steps(source, code, "has the unknown step " + core::printable(item.dump()));
    steps.push_back(*step);
  }
  if (const auto fault = step_order_fault(steps)) refuse_steps(source, code, "is not possible: " + *fault);
  return steps;
}

}  // namespace

std::string_view step_name(PreprocessStep step) {
  return kStepNames.at(static_cast<std::size_t>(step));
}

std::optional<PreprocessStep> step_from_name(std::string_view name) {
  const auto* found = std::ranges::find(kStepNames, name);
  if (found == kStepNames.end()) return std::nullopt;
  return static_cast<PreprocessStep>(found - kStepNames.begin());
}

std::int64_t channels_of(std::span<const PreprocessStep> steps) {
  return std::ranges::find(steps, PreprocessStep::greyscale) == steps.end() ? kChannels : 1;
}

std::optional<std::string> step_order_fault(std::span<const PreprocessStep> steps) {
  if (std::ranges::count(steps, PreprocessStep::greyscale) > 1) return "greyscale comes twice";
  const auto last = std::ranges::find(steps, PreprocessStep::standardize);
  // The statistics do not contain the extremes of channels that were scaled separately.
  if (last != steps.end() && last + 1 != steps.end()) {
    return std::string(step_name(last[1])) + " comes after standardize, which must be the last step";
  }
  return std::nullopt;
}

std::string preprocessing_to_json(const Preprocessing& preprocessing) {
  nlohmann::ordered_json json;
  json["steps"] = nlohmann::ordered_json::array();
  for (const PreprocessStep step : preprocessing.steps) json["steps"].push_back(step_name(step));
  json["train"] = statistics_to_json(preprocessing.train);
  return json.dump();
}

Preprocessing preprocessing_from_json(std::string_view text, const std::string& source, core::ExitCode code) {
  const auto json = core::parse_json_strict(text, source, code);
  if (!json.is_object() || json.size() != 2 || !json.contains("steps") || !json.contains("train")) {
    refuse_steps(source, code, "is not an object of 'steps' and 'train'");
  }
  return {parse_steps(json["steps"], source, code), statistics_from_json(json["train"], source, code)};
}

PreprocessPlan::PreprocessPlan(const Preprocessing& preprocessing, const SplitStatistics& own)
    : resizer_({}, preprocessing.sides) {
  if (const auto fault = step_order_fault(preprocessing.steps)) {
    throw core::Error(core::ExitCode::config, "the preprocessing is not possible: " + *fault,
                      "change the order in data.preprocess");
  }
  const ResolvedSteps resolved = resolve_steps(preprocessing, own);
  if (resolved.grey) {
    const PixelLines lines = lines_of(resolved);
    grey_.emplace(GreyLine{lines.slope, lines.shift[0]});
    return;
  }
  for (std::size_t c = 0; c < colour_.size(); ++c) {
    std::ranges::transform(resolved.table[c], colour_[c].begin(),
                           [](double x) { return static_cast<float>(x); });
  }
  find_slopes(resolved.table);
}

SVHN_VECTOR_CLONES
void PreprocessPlan::apply_slopes(std::span<const std::uint8_t> hwc, std::span<float> chw,
                                  const Slopes& slopes) {
  const auto [red, green, blue] = slopes;
  const std::size_t pixels = hwc.size() / 3;
  const std::uint8_t* __restrict in = hwc.data();
  float* __restrict to_red = chw.data();
  float* __restrict to_green = to_red + pixels;
  float* __restrict to_blue = to_green + pixels;
  for (std::size_t i = 0; i < pixels; ++i) {
    const float r = in[3 * i], g = in[3 * i + 1], b = in[3 * i + 2];
    to_red[i] = r * red.high + r * red.low;
    to_green[i] = g * green.high + g * green.low;
    to_blue[i] = b * blue.high + b * blue.low;
  }
}

/// Tries every byte: where this processor rounds the sums twice, they may differ from the tables.
void PreprocessPlan::find_slopes(const Tables<double>& table) {
  Slopes slopes;
  std::vector<std::uint8_t> bytes;
  std::vector<float> wanted, found(3 * kByteValues);
  for (std::size_t c = 0; c < slopes.size(); ++c) {
    const double slope = pixel_slope(table[c]);
    slopes[c].high = static_cast<float>(slope);
    slopes[c].low = static_cast<float>(slope - static_cast<double>(slopes[c].high));
    wanted.insert(wanted.end(), colour_[c].begin(), colour_[c].end());
  }
  for (std::size_t i = 0; i < found.size(); ++i) bytes.push_back(static_cast<std::uint8_t>(i / 3));
  apply_slopes(bytes, found, slopes);
  if (found == wanted) slopes_ = slopes;
}

void PreprocessPlan::apply(std::span<const std::uint8_t> hwc, std::span<float> chw) const {
  const std::size_t pixels = hwc.size() / 3;
  if (hwc.size() % 3 != 0 || chw.size() != pixels * static_cast<std::size_t>(channels())) {
    throw core::Error(core::ExitCode::bug, "an image of " + std::to_string(hwc.size()) +
                                               " bytes does not fit " + std::to_string(chw.size()) +
                                               " numbers");
  }
  if (grey_) return apply_grey(hwc, chw, *grey_);
  if (slopes_) return apply_slopes(hwc, chw, *slopes_);
  const std::uint8_t* in = hwc.data();
  float* out = chw.data();
  for (std::size_t i = 0; i < pixels; ++i, in += 3) {
    out[i] = colour_[0][in[0]];
    out[pixels + i] = colour_[1][in[1]];
    out[2 * pixels + i] = colour_[2][in[2]];
  }
}

void PreprocessPlan::apply_resized(std::span<const std::uint8_t> hwc, std::span<float> chw) const {
  if (resizer_.to() == resizer_.from()) return apply(hwc, chw);
  std::vector<std::uint8_t> resized(resizer_.to().bytes());
  resizer_(hwc, resized);
  apply(resized, chw);
}

PreprocessPlan plan_for(const Preprocessing& preprocessing, const PreparedData& data, Split split) {
  return {preprocessing, data.statistics(split)};
}

}  // namespace svhn::data
