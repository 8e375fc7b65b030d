#include "svhn/interpret/embeddings.h"

#include <algorithm>
#include <cstring>

#include "svhn/core/error.h"
#include "svhn/data/batch.h"
#include "svhn/evaluate/part.h"
#include "svhn/interpret/activations.h"

namespace svhn::interpret {
namespace {

using core::ExitCode;
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

Tensor input_of(const data::Batch& batch, const model::Shape& shape) {
  auto* pixels = const_cast<float*>(batch.pixels.data());
  return torch::from_blob(pixels, {batch.size, shape[0], shape[1], shape[2]}, torch::kFloat32);
}

void check_finite(const Tensor& values, const LayerChoice& layer) {
  if (at::isfinite(values).all().item().toBool()) return;
  throw core::Error(ExitCode::numeric, "layer '" + layer.name + "' gives numbers that are not finite",
                    "the model has diverged; train it again with a smaller learning rate");
}

/// Adds up what the processes have: each number is one process' and zero elsewhere.
void put_together(std::span<float> values, compute::Group& group) {
  constexpr std::size_t kNumbers = std::size_t{1} << 20;
  for (std::size_t at = 0; at < values.size(); at += kNumbers) {
    const auto piece = values.subspan(at, std::min(kNumbers, values.size() - at));
    group.sum(torch::from_blob(piece.data(), {static_cast<std::int64_t>(piece.size())}, torch::kFloat32));
  }
}

}  // namespace

Tensor Embeddings::tensor() const {
  return torch::from_blob(values.floats().data(), {size(), features}, torch::kFloat32);
}

Embeddings embed(model::Network& network, const data::PreparedData& data, std::span<const std::int64_t> rows,
                 const data::PreprocessPlan& plan, const LayerChoice& layer, const EmbedOptions& options) {
  check_rows(data, rows);
  const auto images = static_cast<std::int64_t>(rows.size());
  check_size(images, layer);
  const std::int64_t features = model::element_count(layer.shape);
  Embeddings result{
      {options.scratch, static_cast<std::size_t>(images * features) * sizeof(float)}, features, {}, {}};
  data::BatchLoader loader(data, plan, {options.batch_size, true, {}});
  const evaluate::Part part = evaluate::part_of(rows.size(), options.batch_size, options.group);
  loader.start(rows.subspan(part.first, part.count));
  float* target = result.values.floats().data() + part.first * static_cast<std::size_t>(features);
  std::int64_t done = 0;
  while (const data::Batch* batch = loader.next()) {
    const Tensor input = input_of(*batch, network.input_shape());
    const Tensor output = layer_outputs(network, input, {&layer, 1}).front();
    check_finite(output, layer);
    std::memcpy(target, output.data_ptr(), static_cast<std::size_t>(output.nbytes()));
    target += output.numel();
    done += batch->size;
    if (options.progress) options.progress(done, static_cast<std::int64_t>(part.count));
  }
  if (options.group != nullptr) put_together(result.values.floats(), *options.group);
  result.rows.assign(rows.begin(), rows.end());
  for (const std::int64_t row : rows) result.labels.push_back(data.labels()[static_cast<std::size_t>(row)]);
  return result;
}

void write_embeddings(const std::filesystem::path& path, const Embeddings& embeddings,
                      const std::map<std::string, std::string>& metadata) {
  const std::int64_t n = embeddings.size();
  const auto values = std::as_bytes(std::span<const float>(embeddings.values.floats()));
  formats::write_safetensors(path,
                             {{"embeddings", formats::DType::f32, {n, embeddings.features}, values},
                              {"labels", formats::DType::u8, {n}, bytes_of(embeddings.labels)},
                              {"rows", formats::DType::i64, {n}, bytes_of(embeddings.rows)}},
                             metadata, ExitCode::data);
}

}  // namespace svhn::interpret
