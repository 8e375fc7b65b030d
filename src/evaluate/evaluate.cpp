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
  return network.forward(input.to(network.device()), context).to(torch::kCPU, torch::kFloat32).contiguous();
}

void add_batch(const Tensor& logits, const data::Batch& batch, const EvaluateOptions& options,
               metric::EvaluationMeter& meter) {
  const auto* values = static_cast<const float*>(logits.data_ptr());
  for (std::int64_t i = 0; i < batch.size; ++i) {
    const std::span<const float, metric::kClasses> row(values + i * metric::kClasses, metric::kClasses);
    const auto label = static_cast<int>(batch.labels[static_cast<std::size_t>(i)]);
    const auto prediction = meter.add_logits(label, row);
    if (options.on_prediction)
      options.on_prediction(batch.rows[static_cast<std::size_t>(i)], label, prediction);
  }
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
  loader.start(rows);
  metric::EvaluationMeter meter(options.label_smoothing);
  while (const data::Batch* batch = loader.next()) {
    add_batch(batch_logits(network, *batch, inputs.shape(), options), *batch, options, meter);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  metric::EvaluationResult result = meter.value();
  result.split = data::split_name(split);
  result.images_per_second = static_cast<double>(rows.size()) / std::max(seconds, 1e-9);
  return result;
}

}  // namespace svhn::evaluate
