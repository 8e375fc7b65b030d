#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.h"
#include "interpret/embeddings.h"

namespace svhn::interpret {
namespace {

using core::ExitCode;
using formats::DType;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& what) {
  throw core::Error(ExitCode::data, "'" + path.string() + "' " + what,
                    "name a tsne.safetensors that 'svhn interpret' has written");
}

template <class T>
std::vector<T> read(const formats::SafetensorsFile& file, const std::string& name, DType dtype,
                    const std::vector<std::int64_t>& shape) {
  const auto bytes = file.bytes(file.require(name, dtype, shape));
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

}  // namespace

void write_map(const std::filesystem::path& path, const EmbeddingMap& map) {
  const torch::Tensor places = map.map.contiguous();
  const std::int64_t n = places.size(0);
  const std::span<const float> values(static_cast<const float*>(places.data_ptr()),
                                      static_cast<std::size_t>(2 * n));
  formats::write_safetensors(path,
                             {{"map", DType::f32, {n, 2}, std::as_bytes(values)},
                              {"labels", DType::u8, {n}, std::as_bytes(std::span(map.labels))},
                              {"rows", DType::i64, {n}, std::as_bytes(std::span(map.rows))}},
                             map.metadata, ExitCode::data);
}

EmbeddingMap read_map(const std::filesystem::path& path) {
  const formats::SafetensorsFile file(path, ExitCode::data);
  const std::int64_t n = file.require("map", DType::f32, {-1, 2}).shape[0];
  if (n < 1) refuse(path, "is a map without points");
  const auto places = read<float>(file, "map", DType::f32, {n, 2});
  EmbeddingMap map;
  map.labels = read<std::uint8_t>(file, "labels", DType::u8, {n});
  map.rows = read<std::int64_t>(file, "rows", DType::i64, {n});
  map.metadata = file.metadata();
  if (!std::ranges::all_of(places, [](float x) { return std::isfinite(x); })) {
    refuse(path, "has points that are nowhere");
  }
  if (*std::ranges::max_element(map.labels) > 9) refuse(path, "has a label above 9");
  if (*std::ranges::min_element(map.rows) < 0) refuse(path, "has a negative row");
  map.map = torch::tensor(places).view({n, 2});
  return map;
}

}  // namespace svhn::interpret
