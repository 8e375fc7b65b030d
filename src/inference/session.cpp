#include "inference/session.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <utility>

#include "network/fold.h"
#include "network/tensor_io.h"

namespace svhn::inference {
namespace {

using torch::Tensor;

constexpr std::int64_t kImagesPerThread = 8;  // Some 8 us of one core.

}  // namespace

data::BatchOptions loading(std::int64_t batch_size, bool with_threads) {
  data::BatchOptions options{.batch_size = batch_size, .prefetch = !with_threads};
  if (!with_threads) return options;
  options.spread = [](std::int64_t count, const auto& part) {
    at::parallel_for(0, count, kImagesPerThread, part);
  };
  return options;
}

Shard shard_of(std::size_t images, std::int64_t batch_size, const distributed::ProcessGroup* group) {
  if (group == nullptr) return {0, images};
  const auto batch = static_cast<std::size_t>(batch_size), batches = (images + batch - 1) / batch;
  const auto rank = static_cast<std::size_t>(group->rank()), size = static_cast<std::size_t>(group->size());
  const std::size_t first = std::min(images, batches * rank / size * batch);
  return {first, std::min(images, batches * (rank + 1) / size * batch) - first};
}

network::Network load_for_inference(const model::ModelFile& file, const torch::Device& device) {
  network::Network network = network::load_network(file);
  network.to(device);
  return network::fold_batch_norm(std::move(network)).network;
}

Session::Session(network::Network& network, const SessionOptions& options)
    : network_(network), options_(options) {
  const bool whole = options.first == 0 && !options.until;
  if (whole && options.precision == kernels::Precision::float32) engine_ = network::MlpEngine::make(network);
}

Tensor Session::outputs(const float* inputs, std::int64_t images, const std::vector<std::int64_t>& shape) {
  const torch::NoGradGuard no_grad;
  const auto size = static_cast<std::size_t>(model::element_count(shape));
  if (images > 0 && images < options_.batch_size) {
    filled_.assign(static_cast<std::size_t>(options_.batch_size) * size, 0.0F);
    std::copy_n(inputs, static_cast<std::size_t>(images) * size, filled_.begin());
    inputs = filled_.data();
  }
  const std::int64_t rows = images == 0 ? 0 : options_.batch_size;
  network::ForwardContext context;
  context.precision = options_.precision;
  context.first = options_.first;
  context.until = options_.until;
  if (engine_ && rows > 0) {
    auto* values = const_cast<float*>(engine_->forward(inputs, rows, context));
    return torch::from_blob(values, {images, network_.graph().output()[0]}, torch::kFloat32);
  }
  std::vector<std::int64_t> sizes{rows};
  sizes.insert(sizes.end(), shape.begin(), shape.end());
  const Tensor input = torch::from_blob(const_cast<float*>(inputs), sizes, torch::kFloat32);
  return network_.forward(input.to(network_.device(), network_.dtype()), context)
      .narrow(0, 0, images)
      .to(torch::kCPU, torch::kFloat32)
      .contiguous();
}

Shard Session::run(const data::PreparedData& data, const data::InputSource& source,
                   std::span<const std::int64_t> rows, const Sink& sink, const Progress& progress) {
  const Shard shard = shard_of(rows.size(), options_.batch_size, options_.group);
  const bool with_threads = engine_ != nullptr && engine_->is_parallel(options_.batch_size);
  data::BatchLoader loader(data, source, loading(options_.batch_size, with_threads));
  loader.start(rows.subspan(shard.first, shard.count));
  std::size_t done = 0;
  while (const data::Batch* batch = loader.next()) {
    sink(shard.first + done, outputs(batch->pixels.data(), batch->size, loader.shape()));
    done += static_cast<std::size_t>(batch->size);
    if (progress) progress(static_cast<std::int64_t>(done), static_cast<std::int64_t>(shard.count));
  }
  return shard;
}

}  // namespace svhn::inference
