#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "core/json.h"
#include "core/json_view.h"
#include "core/random.h"
#include "formats/safetensors/safetensors.h"
#include "metric/classes.h"
#include "report/images/image_grid.h"
#include "report/page/interpretation.h"

namespace svhn::report {
namespace {

namespace fs = std::filesystem;
using core::ExitCode;
using core::JsonDocument;
using core::JsonView;
using formats::DType;
using formats::SafetensorsFile;
using formats::TensorInfo;

constexpr std::size_t kMostLayerTensors = 100;
constexpr std::int64_t kMostHeatChannels = 3;
constexpr std::size_t kMostActivationBytes = std::size_t{16} << 20;  // One byte for each pixel that is kept.

[[noreturn]] void refuse(const fs::path& path, const std::string& problem) {
  throw core::Error(ExitCode::data, "'" + path.string() + "': " + problem,
                    "write it again with 'svhn interpret'");
}

/// Copies the elements of a tensor, which may be unaligned.
template <class T>
std::vector<T> elements(std::span<const std::byte> bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}

std::optional<std::int64_t> metadata_number(const SafetensorsFile& file, const char* key) {
  const auto entry = file.metadata().find(key);
  std::int64_t value = 0;
  if (entry == file.metadata().end()) return std::nullopt;
  const std::string& text = entry->second;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || rest != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::string metadata_text(const SafetensorsFile& file, const char* key) {
  const auto entry = file.metadata().find(key);
  return entry == file.metadata().end() ? std::string() : core::printable(entry->second, 200);
}

std::optional<int> metadata_digit(const SafetensorsFile& file, const char* key) {
  const auto value = metadata_number(file, key);
  return value && *value <= 9 ? std::optional<int>(static_cast<int>(*value)) : std::nullopt;
}

Origin origin_of(const SafetensorsFile& file) {
  const auto entry = [&](const char* key) {
    const auto found = file.metadata().find(key);
    return found == file.metadata().end() ? std::string() : found->second;
  };
  return {entry("model"), entry("split")};
}

/// [C,H,W] of a tensor of up to three dimensions; a vector is one row.
std::array<std::int64_t, 3> maps_shape(const TensorInfo& tensor) {
  const auto& shape = tensor.shape;
  if (shape.size() == 1) return {1, 1, shape[0]};
  return shape.size() == 2 ? std::array<std::int64_t, 3>{1, shape[0], shape[1]}
                           : std::array<std::int64_t, 3>{shape[0], shape[1], shape[2]};
}

/// Scales finite values from [low, high] to 0..255, those beside it to the ends; a constant map becomes 0.
void quantise(std::span<const float> map, float low, float high, std::vector<std::uint8_t>& out) {
  const float range = high - low;
  for (const float value : map) {
    const float share = range > 0 && std::isfinite(range) ? (value - low) / range : 0.0F;
    out.push_back(static_cast<std::uint8_t>(std::lround(255.0F * std::clamp(share, 0.0F, 1.0F))));
  }
}

LayerMaps layer_maps(const SafetensorsFile& file, const TensorInfo& tensor) {
  if (tensor.dtype != DType::f32 || tensor.shape.empty() || tensor.shape.size() > 3 || tensor.bytes == 0) {
    refuse(file.path(), "'" + core::printable(tensor.name) + "' is no f32 tensor of filters");
  }
  LayerMaps maps;
  maps.name = tensor.name;
  maps.shape = maps_shape(tensor);
  maps.channels = maps.shape[0];
  const bool vector = maps.shape[0] == 1 && maps.shape[1] == 1;
  const std::int64_t most = vector ? 4096 : kMostMapSide;
  if (maps.shape[1] > most || maps.shape[2] > most) {
    refuse(file.path(), "'" + core::printable(tensor.name) + "' has maps too large for a page");
  }
  maps.shape[0] = std::min(maps.channels, kMostFilters);
  const auto per_map = static_cast<std::size_t>(maps.shape[1] * maps.shape[2]);
  const std::size_t kept = static_cast<std::size_t>(maps.shape[0]) * per_map;
  const auto values = elements<float>(file.bytes(tensor, 0, kept * sizeof(float)));
  if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) {
    refuse(file.path(), "'" + core::printable(tensor.name) + "' has a value that is not finite");
  }
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  maps.min = *low;
  maps.max = *high;
  maps.values.reserve(kept);
  for (std::size_t at = 0; at < kept; at += per_map) {
    const auto map = std::span(values).subspan(at, per_map);
    const auto [from, to] =
        inner_range(map, static_cast<int>(maps.shape[1]), static_cast<int>(maps.shape[2]));
    quantise(map, static_cast<float>(from), static_cast<float>(to), maps.values);
  }
  return maps;
}

/// The kinds of maps in saliency.safetensors, whose tensors are KEY.DIGIT.
struct HeatKind {
  const char* key;
  const char* name;
  bool is_signed;
};
constexpr std::array<HeatKind, 3> kHeatKinds{{{"grad_cam", "Grad-CAM", false},
                                              {"integrated_gradients", "integrated gradients", true},
                                              {"occlusion", "occlusion", true}}};

/// Reads a map [H,W], or [C,H,W] whose channels are added up.
HeatMap heat_map(const SafetensorsFile& file, const TensorInfo& tensor, const HeatKind& kind) {
  const auto [channels, height, width] = maps_shape(tensor);
  const bool fits = tensor.dtype == DType::f32 && (tensor.shape.size() == 2 || tensor.shape.size() == 3) &&
                    tensor.bytes > 0 && channels <= kMostHeatChannels && height <= kMostHeatSide &&
                    width <= kMostHeatSide;
  if (!fits) refuse(file.path(), "'" + core::printable(tensor.name) + "' is no map that a page can take");
  const auto values = elements<float>(file.bytes(tensor));
  const auto pixels = static_cast<std::size_t>(height * width);
  std::vector<float> sums(pixels);
  for (std::size_t i = 0; i < values.size(); ++i) sums[i % pixels] += values[i];
  if (!std::all_of(sums.begin(), sums.end(), [](float v) { return std::isfinite(v); })) {
    refuse(file.path(), "'" + core::printable(tensor.name) + "' has a value that is not finite");
  }
  const auto [low, high] = std::minmax_element(sums.begin(), sums.end());
  HeatMap map{kind.name, {height, width}, *low, *high, kind.is_signed, {}};
  if (kind.is_signed) map.max = std::max(std::abs(*low), std::abs(*high));
  if (kind.is_signed) map.min = -map.max;
  quantise(sums, map.min, map.max, map.values);
  return map;
}

std::optional<double> metadata_share(const SafetensorsFile& file, const std::string& key) {
  const auto entry = file.metadata().find(key);
  double value = 0.0;
  if (entry == file.metadata().end()) return std::nullopt;
  const std::string& text = entry->second;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && rest == text.data() + text.size();
  return whole && value >= 0.0 && value <= 1.0 ? std::optional(value) : std::nullopt;
}

ClassHeat class_heat(const SafetensorsFile& file, int digit) {
  const std::string suffix = "." + std::to_string(digit);
  ClassHeat heat{digit, metadata_share(file, "probability" + suffix), {}};
  for (const HeatKind& kind : kHeatKinds) {
    const TensorInfo* tensor = file.find(kind.key + suffix);
    if (tensor != nullptr) heat.maps.push_back(heat_map(file, *tensor, kind));
  }
  return heat;
}

std::vector<std::uint8_t> read_classes(const SafetensorsFile& file, std::int64_t points) {
  const TensorInfo* labels = file.find("labels");
  std::vector<std::uint8_t> classes;
  if (labels != nullptr && labels->dtype == DType::i64) {
    const auto wide = elements<std::int64_t>(file.bytes(file.require("labels", DType::i64, {points})));
    for (const std::int64_t label : wide) {
      classes.push_back(label >= 0 && label < metric::kClasses ? static_cast<std::uint8_t>(label) : 255);
    }
  } else {
    classes = elements<std::uint8_t>(file.bytes(file.require("labels", DType::u8, {points})));
  }
  const bool known = std::all_of(classes.begin(), classes.end(), [](auto c) { return c < metric::kClasses; });
  if (!known) refuse(file.path(), "a label is not a class index of 0 to 9");
  return classes;
}

/// @returns at most kMostMapPoints indices, ascending. The sample depends only on the rows, so that maps of
/// the same images show the same images and share their sprites.
std::vector<std::size_t> sample_points(const std::vector<std::int64_t>& rows) {
  std::vector<std::size_t> indices(rows.size());
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  if (indices.size() <= kMostMapPoints) return indices;
  std::vector<std::uint64_t> draw(rows.size());
  const std::uint64_t stream = core::stream_id("report map");
  std::transform(rows.begin(), rows.end(), draw.begin(), [&](std::int64_t row) {
    return core::CounterRandom(1, stream, static_cast<std::uint64_t>(row)).next_u64();
  });
  const auto end = indices.begin() + kMostMapPoints;
  std::nth_element(indices.begin(), end, indices.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(draw[a], a) < std::pair(draw[b], b);
  });
  indices.resize(kMostMapPoints);
  std::sort(indices.begin(), indices.end());
  return indices;
}

struct Bounds {
  float low = std::numeric_limits<float>::max();
  float high = std::numeric_limits<float>::lowest();
  [[nodiscard]] double middle() const { return (double{low} + high) / 2; }
  [[nodiscard]] double size() const { return double{high} - low; }
};

/// Scales positions to 0..65535, with the same scale for both axes.
void scale_positions(const std::vector<float>& positions, const std::vector<std::size_t>& indices,
                     ImageMap& map) {
  std::array<Bounds, 2> bounds;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    Bounds& axis = bounds[i % 2];
    axis.low = std::min(axis.low, positions[i]);
    axis.high = std::max(axis.high, positions[i]);
  }
  const double size = std::max({bounds[0].size(), bounds[1].size(), 1e-30});
  const auto word = [&](float value, const Bounds& axis) {
    const double share = 0.5 + (value - axis.middle()) / size;
    return static_cast<std::uint16_t>(std::lround(65535 * std::clamp(share, 0.0, 1.0)));
  };
  for (const std::size_t index : indices) {
    map.x.push_back(word(positions[2 * index], bounds[0]));
    map.y.push_back(word(positions[2 * index + 1], bounds[1]));
  }
}

void read_map_facts(const fs::path& path, ImageMap& map) {
  std::error_code error;
  if (!fs::exists(path, error)) return;
  const JsonDocument document(path);
  const JsonView view = document.view();
  constexpr double kAny = std::numeric_limits<double>::max();
  if (const auto value = view.find("perplexity")) map.perplexity = value->number(0, kAny);
  if (const auto value = view.find("kl_divergence")) map.kl_divergence = value->number(-kAny, kAny);
  if (const auto onto = view.find("onto")) map.onto = onto->at("split").text(100);
  if (const auto value = view.find("layer")) map.layer = value->text(200);
}

ExplainedImage image_of(const SafetensorsFile& file) {
  return {origin_of(file), metadata_number(file, "row").value_or(-1), metadata_digit(file, "true"),
          metadata_digit(file, "predicted")};
}

}  // namespace

Activations read_activations(const fs::path& path) {
  const SafetensorsFile file(path, ExitCode::data);
  Activations activations{image_of(file), {}};
  std::size_t bytes = 0;
  for (const TensorInfo& tensor : file.tensors()) {
    if (activations.layers.size() == kMostLayerTensors)
      refuse(path, "it has more layers than a page can take");
    activations.layers.push_back(layer_maps(file, tensor));
    bytes += activations.layers.back().values.size();
    if (bytes > kMostActivationBytes) refuse(path, "it is too large for a page");
  }
  if (activations.layers.empty()) refuse(path, "it has no layer");
  return activations;
}

Saliency read_saliency(const fs::path& path) {
  const SafetensorsFile file(path, ExitCode::data);
  Saliency saliency{image_of(file), {}};
  for (int digit = 0; digit < metric::kClasses; ++digit) {
    ClassHeat heat = class_heat(file, digit);
    if (!heat.maps.empty()) saliency.classes.push_back(std::move(heat));
  }
  if (saliency.classes.empty()) refuse(path, "it has no map");
  std::stable_partition(saliency.classes.begin(), saliency.classes.end(),
                        [&](const ClassHeat& heat) { return heat.digit == saliency.predicted_digit; });
  return saliency;
}

ImageMap read_map(const fs::path& path, const fs::path& facts) {
  const SafetensorsFile file(path, ExitCode::data);
  const TensorInfo& tensor = file.require("map", DType::f32, {-1, 2});
  const auto positions = elements<float>(file.bytes(tensor));
  if (positions.empty()) refuse(path, "the map has no point");
  if (!std::all_of(positions.begin(), positions.end(), [](float v) { return std::isfinite(v); })) {
    refuse(path, "the map has a point that is not finite");
  }
  const auto classes = read_classes(file, tensor.shape[0]);
  std::vector<std::int64_t> rows(classes.size());
  const bool known = file.find("rows") != nullptr;
  if (known) rows = elements<std::int64_t>(file.bytes(file.require("rows", DType::i64, {tensor.shape[0]})));
  if (!known) std::iota(rows.begin(), rows.end(), std::int64_t{0});
  ImageMap map;
  map.points = classes.size();
  map.origin = origin_of(file);
  map.layer = metadata_text(file, "layer");
  const auto indices = sample_points(rows);
  scale_positions(positions, indices, map);
  for (const std::size_t index : indices) {
    map.classes.push_back(classes[index]);
    if (known) map.rows.push_back(rows[index]);
  }
  read_map_facts(facts, map);
  return map;
}

}  // namespace svhn::report
