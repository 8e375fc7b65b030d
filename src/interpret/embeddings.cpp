#include "interpret/embeddings.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.h"
#include "data/batch.h"
#include "interpret/activations.h"

namespace svhn::interpret {
namespace {

using core::ExitCode;
using formats::DType;
using torch::Tensor;

template <class T>
std::span<const std::byte> bytes_of(const std::vector<T>& values) {
  return std::as_bytes(std::span(values));
}

void check_size(std::int64_t images, const LayerChoice& layer) {
  const std::int64_t features = model::element_count(layer.shape);
  if (images <= kMostEmbeddingBytes / 4 / features) return;
  throw core::Error(ExitCode::usage,
                    "layer '" + layer.name + "' gives " + std::to_string(features) + " numbers for each of " +
                        std::to_string(images) + " images, more than 16 GB in all",
                    "choose a layer with fewer numbers (--layer), such as flatten or a pooling");
}

void check_rows(const data::PreparedData& data, std::span<const std::int64_t> rows) {
  if (rows.empty()) {
    throw core::Error(ExitCode::data, "'" + data.path().string() + "': there are no images to embed",
                      "choose another --split");
  }
  const auto [low, high] = std::ranges::minmax(rows);
  if (low >= 0 && high < data.size()) return;
  throw core::Error(ExitCode::data,
                    "'" + data.path().string() + "' has no row " + std::to_string(low < 0 ? low : high),
                    "use the data file that the map was made of");
}

void check_finite(const Tensor& values, const LayerChoice& layer) {
  if (at::isfinite(values).all().item().toBool()) return;
  throw core::Error(ExitCode::numeric, "layer '" + layer.name + "' gives numbers that are not finite",
                    "the model has diverged; train it again with a smaller learning rate");
}

/// @returns the values [begin, begin + count) of all values, with zeros outside `held`, which starts at
/// `first`.
Tensor slice_of(std::span<const float> held, std::size_t first, std::size_t begin, std::size_t count) {
  const Tensor slice = at::zeros({static_cast<std::int64_t>(count)}, torch::kFloat32);
  const std::size_t from = std::clamp(first, begin, begin + count);
  const std::size_t to = std::clamp(first + held.size(), begin, begin + count);
  if (from < to) {
    std::copy_n(held.data() + (from - first), to - from,
                static_cast<float*>(slice.data_ptr()) + (from - begin));
  }
  return slice;
}

/// Gathers the values of all ranks in rank 0, by all_reduce: each value is zero in all ranks but one.
/// @param first index of the first value held, among `total`.
void gather_values(std::span<float> held, std::size_t first, std::size_t total,
                   distributed::ProcessGroup& group) {
  constexpr std::size_t kValues = std::size_t{1} << 20;
  for (std::size_t begin = 0; begin < total; begin += kValues) {
    const std::size_t count = std::min(kValues, total - begin);
    group.all_reduce(group.rank() == 0 ? torch::from_blob(held.data() + begin,
                                                          {static_cast<std::int64_t>(count)}, torch::kFloat32)
                                       : slice_of(held, first, begin, count));
  }
}

[[noreturn]] void refuse_map(const std::filesystem::path& path, const std::string& what) {
  throw core::Error(ExitCode::data, "'" + path.string() + "' " + what,
                    "name a tsne.safetensors that 'svhn interpret' has written");
}

template <class T>
std::vector<T> read_array(const formats::SafetensorsFile& file, const std::string& name, DType dtype,
                          const std::vector<std::int64_t>& shape) {
  const auto bytes = file.bytes(file.require(name, dtype, shape));
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

}  // namespace

Tensor Embeddings::tensor() const {
  return torch::from_blob(values.floats().data(), {size(), features}, torch::kFloat32);
}

Embeddings embed(network::Network& network, const data::PreparedData& data,
                 std::span<const std::int64_t> rows, const data::PreprocessPlan& plan,
                 const LayerChoice& layer, const EmbedOptions& options) {
  check_rows(data, rows);
  check_size(static_cast<std::int64_t>(rows.size()), layer);
  const auto features = static_cast<std::size_t>(model::element_count(layer.shape));
  const inference::Shard part = inference::shard_of(rows.size(), options.batch_size, options.group);
  const inference::Shard held =
      options.group == nullptr || options.group->rank() == 0 ? inference::Shard{0, rows.size()} : part;
  Embeddings result{{options.scratch, std::max<std::size_t>(held.count, 1) * features * sizeof(float)},
                    static_cast<std::int64_t>(features),
                    {},
                    {}};
  inference::Session session(network,
                             {.batch_size = options.batch_size, .until = layer.node, .group = options.group});
  const std::span<float> values = result.values.floats();
  session.run(
      data, data::PixelSource(data, plan), rows,
      [&](std::size_t first, const Tensor& outputs) {
        const Tensor own = layer.softmax ? at::softmax(outputs, 1) : outputs;
        check_finite(own, layer);
        std::memcpy(values.data() + (first - held.first) * features, own.data_ptr(),
                    static_cast<std::size_t>(own.nbytes()));
      },
      options.progress);
  if (options.group != nullptr) {
    gather_values(result.values.floats().first(held.count * features), held.first * features,
                  rows.size() * features, *options.group);
  }
  for (const std::int64_t row : rows.subspan(held.first, held.count)) {
    result.rows.push_back(row);
    result.labels.push_back(data.labels()[static_cast<std::size_t>(row)]);
  }
  return result;
}

void write_embeddings(const std::filesystem::path& path, const Embeddings& embeddings,
                      const std::map<std::string, std::string>& metadata) {
  const std::int64_t n = embeddings.size();
  const auto values = std::as_bytes(std::span<const float>(embeddings.values.floats()));
  formats::write_safetensors(path,
                             {{"embeddings", DType::f32, {n, embeddings.features}, values},
                              {"labels", DType::u8, {n}, bytes_of(embeddings.labels)},
                              {"rows", DType::i64, {n}, bytes_of(embeddings.rows)}},
                             metadata, ExitCode::data);
}

void write_map(const std::filesystem::path& path, const EmbeddingMap& map) {
  const torch::Tensor positions = map.map.contiguous();
  const std::int64_t n = positions.size(0);
  const std::span<const float> values(static_cast<const float*>(positions.data_ptr()),
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
  if (n < 1) refuse_map(path, "is a map without points");
  const auto positions = read_array<float>(file, "map", DType::f32, {n, 2});
  EmbeddingMap map;
  map.labels = read_array<std::uint8_t>(file, "labels", DType::u8, {n});
  map.rows = read_array<std::int64_t>(file, "rows", DType::i64, {n});
  map.metadata = file.metadata();
  if (!std::ranges::all_of(positions, [](float x) { return std::isfinite(x); })) {
    refuse_map(path, "has points that are nowhere");
  }
  if (*std::ranges::max_element(map.labels) > 9) refuse_map(path, "has a label above 9");
  if (*std::ranges::min_element(map.rows) < 0) refuse_map(path, "has a negative row");
  map.map = torch::tensor(positions).view({n, 2});
  return map;
}

}  // namespace svhn::interpret
