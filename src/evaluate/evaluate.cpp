#include "svhn/evaluate/evaluate.h"

#include <algorithm>
#include <chrono>

#include "svhn/core/error.h"

namespace svhn::evaluate {
namespace {

using torch::Tensor;

/// @param shape of one input. @returns logits [n, classes] on the processor.
Tensor batch_logits(model::Network& network, const data::Batch& batch, std::vector<std::int64_t> shape,
                    const EvaluateOptions& options) {
  const torch::NoGradGuard no_grad;
  shape.insert(shape.begin(), batch.size);
  auto* pixels = const_cast<float*>(batch.pixels.data());
  const Tensor input = torch::from_blob(pixels, shape, torch::kFloat32);
  model::ForwardContext context;
  context.precision = options.precision;
  context.first = options.first;
  return network.forward(input.to(network.device(), network.dtype()), context)
      .to(torch::kCPU, torch::kFloat32)
      .contiguous();
}

/// Those batches of a split that this process runs; their logits lie in the split's order.
struct Part {
  std::size_t first = 0;
  std::size_t count = 0;
};

/// Whole batches, so that each of them is what one process would have run.
Part part_of(std::size_t rows, const EvaluateOptions& options) {
  if (options.group == nullptr) return {0, rows};
  const auto batch = static_cast<std::size_t>(options.batch_size), batches = (rows + batch - 1) / batch;
  const auto rank = static_cast<std::size_t>(options.group->rank());
  const auto size = static_cast<std::size_t>(options.group->size());
  const std::size_t begin = std::min(rows, batches * rank / size * batch);
  return {begin, std::min(rows, batches * (rank + 1) / size * batch) - begin};
}

/// @returns the logits of the whole split, f32 [rows, classes], on every process.
Tensor split_logits(model::Network& network, data::BatchLoader& loader, std::span<const std::int64_t> rows,
                    const EvaluateOptions& options) {
  const Part part = part_of(rows.size(), options);
  const Tensor all = at::zeros({static_cast<std::int64_t>(rows.size()), metric::kClasses}, torch::kFloat32);
  loader.start(rows.subspan(part.first, part.count));
  auto at = static_cast<std::int64_t>(part.first);
  while (const data::Batch* batch = loader.next()) {
    all.narrow(0, at, batch->size).copy_(batch_logits(network, *batch, loader.shape(), options));
    at += batch->size;
  }
  // Each row is a sum of one process' numbers and zeros.
  if (options.group != nullptr) options.group->sum(all);
  return all;
}

metric::EvaluationResult measure(const Tensor& logits, const data::PreparedData& data,
                                 std::span<const std::int64_t> rows, const EvaluateOptions& options) {
  metric::EvaluationMeter meter(options.label_smoothing);
  const auto* values = static_cast<const float*>(logits.data_ptr());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::span<const float, metric::kClasses> numbers(values + i * metric::kClasses, metric::kClasses);
    const auto label = static_cast<int>(data.labels()[static_cast<std::size_t>(rows[i])]);
    const auto prediction = meter.add_logits(label, numbers);
    if (options.on_prediction) options.on_prediction(rows[i], label, prediction);
  }
  return meter.value();
}

}  // namespace

metric::EvaluationResult evaluate(model::Network& network, const data::PreparedData& data, data::Split split,
                                  const data::PreprocessPlan& plan, const EvaluateOptions& options) {
  const auto rows = data.indices(split);
  if (rows.empty()) {
    throw core::Error(core::ExitCode::data,
                      "'" + data.path().string() + "': the " + data::split_name(split) + " split is empty",
                      "choose another --split, or prepare the data with other fractions");
  }
  const auto start = std::chrono::steady_clock::now();
  const data::PixelSource pixels(data, plan);
  const data::InputSource& inputs = options.inputs != nullptr ? *options.inputs : pixels;
  data::BatchLoader loader(data, inputs, {options.batch_size, true, {}});
  const Tensor logits = split_logits(network, loader, rows, options);
  metric::EvaluationResult result = measure(logits, data, rows, options);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.split = data::split_name(split);
  result.images_per_second = static_cast<double>(rows.size()) / std::max(seconds, 1e-9);
  return result;
}

}  // namespace svhn::evaluate
