#include "data/corrupt/corrupter.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/fields_json.h"
#include "data/corrupt/changes.h"

namespace svhn::data {
namespace {

using Maker = Change (*)(int severity);

/// In the order of kCorruptions.
constexpr std::array<Maker, kCorruptions.size()> kMakers{
    make_gaussian_noise, make_shot_noise, make_impulse_noise, make_defocus_blur, make_glass_blur,
    make_motion_blur,    make_zoom_blur,  make_snow,          make_frost,        make_fog,
    make_brightness,     make_contrast,   make_elastic,       make_pixelate,     make_jpeg};

std::vector<std::string_view> all_names() {
  std::vector<std::string_view> names;
  names.reserve(kCorruptions.size());
  for (const auto& corruption : kCorruptions) names.push_back(corruption.name);
  return names;
}

Change change_of(std::string_view name, int severity) {
  check_corruption(name);
  check_severity(severity);
  const auto names = all_names();
  return kMakers[static_cast<std::size_t>(std::ranges::find(names, name) - names.begin())](severity);
}

}  // namespace

void check_corruption(std::string_view name) {
  auto names = all_names();
  if (std::ranges::find(names, name) != names.end()) return;
  const std::string near(core::nearest_name(name, names));
  std::string known;
  for (const auto& other : names) known += (known.empty() ? "" : ", ") + std::string(other);
  throw core::Error(
      core::ExitCode::config, "there is no corruption '" + std::string(name) + "'",
      near.empty() ? "there are " + known + "; all: every one" : "did you mean '" + near + "'?");
}

void check_severity(int severity) {
  if (severity >= 1 && severity <= kSeverities) return;
  throw core::Error(core::ExitCode::config,
                    "there is no severity " + std::to_string(severity) + " of a corruption",
                    "severities are 1 to 5; the paper means over all five, as without --severity");
}

Corrupter::Corrupter(std::string_view name, int severity, std::uint64_t seed)
    : change_(change_of(name, severity)),
      seed_(seed),
      stream_(core::stream_id("corrupt/" + std::string(name) + "/" + std::to_string(severity))) {}

void Corrupter::apply(std::span<const std::uint8_t> hwc, std::int64_t row,
                      std::span<std::uint8_t> changed) const {
  if (hwc.size() != kImageBytes || changed.size() != kImageBytes) {
    throw core::Error(core::ExitCode::bug, "an image to corrupt that does not have 32x32 pixels");
  }
  core::CounterRandom random(seed_, stream_, static_cast<std::uint64_t>(row));
  change_(hwc, random, changed);
}

CorruptedSource::CorruptedSource(const PreparedData& data, const PreprocessPlan& plan, Corrupter corrupter)
    : data_(data), plan_(plan), corrupter_(std::move(corrupter)) {}

void CorruptedSource::read(std::int64_t row, std::span<float> values) const {
  std::array<std::uint8_t, kImageBytes> changed{};
  corrupter_.apply(data_.image(row), row, changed);
  plan_.apply_resized(changed, values);
}

}  // namespace svhn::data
