#include "inference/session.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "network/fold.h"
#include "network/tensor_io.h"

namespace svhn::inference {
namespace {

using torch::Tensor;

constexpr std::int64_t kImagesPerThread = 8;  // Some 8 us of one core.

void check_channels(const model::ModelFile& file, const data::Preprocessing& preprocessing) {
  const std::int64_t given = data::channels_of(preprocessing.steps), wanted = file.record().input[0];
  if (given == wanted) return;
  throw core::Error(core::ExitCode::model,
                    "'" + file.file().path().string() + "': its network takes " + std::to_string(wanted) +
                        " channels, but its preprocessing gives " + std::to_string(given),
                    "networks of greyscale or RGB images are served; convert or train the model again");
}

void check_sides(const model::ModelFile& file) {
  const auto& input = file.record().input;
  if (std::max(input[1], input[2]) <= data::kMostSide) return;
  const std::string most = std::to_string(data::kMostSide);
  throw core::Error(core::ExitCode::model,
                    "'" + file.file().path().string() + "': its network takes images of " +
                        std::to_string(input[1]) + "x" + std::to_string(input[2]) + " pixels",
                    "up to " + most + "x" + most + " pixels are served");
}

}  // namespace

std::int64_t batch_size_for(const model::Shape& input) {
  constexpr std::int64_t kPixels = kInferenceBatch * data::kSide * data::kSide;
  return std::clamp<std::int64_t>(kPixels / (input[1] * input[2]), 1, kInferenceBatch);
}

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

data::Preprocessing preprocessing_of(const model::ModelFile& file) {
  auto result = data::preprocessing_from_json(file.record().preprocessing, file.file().path().string(),
                                              core::ExitCode::model);
  check_channels(file, result);
  check_sides(file);
  result.sides = {file.record().input[1], file.record().input[2]};
  return result;
}

network::Network load_for_inference(const model::ModelFile& file, const torch::Device& device) {
  network::Network network = network::load_network(file);
  network.to(device);
  network = network::fold_batch_norm(std::move(network)).network;
  network.set_temperature(file.record().temperature);
  return network;
}

Session::Session(network::Network& network, const SessionOptions& options)
    : network_(network), options_(options) {
  const bool whole = options.first == 0 && !options.until;
  if (whole && options.precision == kernels::Precision::float32) engine_ = network::MlpEngine::make(network);
}

const model::Shape& Session::shape() const {
  return network_.graph().nodes[options_.first].output;
}

Tensor Session::outputs(std::span<const float> inputs, std::int64_t images) {
  const torch::NoGradGuard no_grad;
  Tensor values = raw_outputs(inputs, images);
  const bool logits = !options_.until || *options_.until == network_.graph().output_node();
  if (logits && network_.temperature() != 1.0) values.div_(network_.temperature());
  return values;
}

Tensor Session::raw_outputs(std::span<const float> inputs, std::int64_t images) {
  const auto size = static_cast<std::size_t>(model::element_count(shape()));
  if (images < 0 || images > options_.batch_size ||
      inputs.size() != static_cast<std::size_t>(images) * size) {
    throw core::Error(core::ExitCode::bug, std::to_string(inputs.size()) + " numbers are no " +
                                               std::to_string(images) + " inputs of " +
                                               model::shape_text(shape()));
  }
  if (images > 0 && images < options_.batch_size) {
    filled_.assign(static_cast<std::size_t>(options_.batch_size) * size, 0.0F);
    std::copy(inputs.begin(), inputs.end(), filled_.begin());
    inputs = filled_;
  }
  const std::int64_t rows = images == 0 ? 0 : options_.batch_size;
  network::ForwardContext context;
  context.precision = options_.precision;
  context.first = options_.first;
  context.until = options_.until;
  if (engine_ && rows > 0) {
    auto* values = const_cast<float*>(engine_->forward(inputs.data(), rows, context));
    return torch::from_blob(values, {images, network_.graph().output()[0]}, torch::kFloat32);
  }
  std::vector<std::int64_t> sizes{rows};
  sizes.insert(sizes.end(), shape().begin(), shape().end());
  const Tensor input = torch::from_blob(const_cast<float*>(inputs.data()), sizes, torch::kFloat32);
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
    sink(shard.first + done, outputs(batch->pixels, batch->size));
    done += static_cast<std::size_t>(batch->size);
    if (progress) progress(static_cast<std::int64_t>(done), static_cast<std::int64_t>(shard.count));
  }
  return shard;
}

}  // namespace svhn::inference
