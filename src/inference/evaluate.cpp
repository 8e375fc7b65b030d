#include "inference/evaluate.h"

#include <algorithm>
#include <chrono>

#include "core/clock.h"
#include "core/error.h"
#include "inference/loading.h"
#include "inference/shard.h"
#include "network/mlp_engine.h"

namespace svhn::inference {
namespace {

using torch::Tensor;

/// Runs batches through a network.
class Pass {
 public:
  Pass(network::Network& network, const EvaluateOptions& options) : network_(network), options_(options) {
    const bool whole = options.first == model::CutPoint{} && options.precision == kernels::Precision::float32;
    if (whole) stack_ = network::MlpEngine::make(network);
  }

  /// @returns whether batches are read by the threads that work on them.
  [[nodiscard]] bool reads_with_threads() const {
    return stack_ != nullptr && stack_->is_parallel(options_.batch_size);
  }

  /// @param shape of one input. @returns logits [n, classes] on the processor, valid until the next call.
  Tensor logits(const data::Batch& batch, std::vector<std::int64_t> shape) {
    const torch::NoGradGuard no_grad;
    network::ForwardContext context;
    context.precision = options_.precision;
    context.first = options_.first;
    auto* pixels = const_cast<float*>(batch.pixels.data());
    if (stack_ && batch.size > 0) {
      auto* values = const_cast<float*>(stack_->forward(pixels, batch.size, context));
      return torch::from_blob(values, {batch.size, metric::kClasses}, torch::kFloat32);
    }
    shape.insert(shape.begin(), batch.size);
    const Tensor input = torch::from_blob(pixels, shape, torch::kFloat32);
    return network_.forward(input.to(network_.device(), network_.dtype()), context)
        .to(torch::kCPU, torch::kFloat32)
        .contiguous();
  }

 private:
  network::Network& network_;
  const EvaluateOptions& options_;
  std::unique_ptr<network::MlpEngine> stack_;  // Where the network is one.
};

/// Counts predictions and passes them on.
class Measure {
 public:
  Measure(const data::PreparedData& data, const EvaluateOptions& options)
      : data_(data), options_(options), meter_(options.label_smoothing) {}

  /// @param logits f32 [rows, classes].
  void add(const Tensor& logits, std::span<const std::int64_t> rows) {
    const auto* values = static_cast<const float*>(logits.data_ptr());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::span<const float, metric::kClasses> row(values + i * metric::kClasses, metric::kClasses);
      const auto label = static_cast<int>(data_.labels()[static_cast<std::size_t>(rows[i])]);
      const auto prediction = meter_.add_logits(label, row);
      if (options_.on_prediction) options_.on_prediction(rows[i], label, prediction);
    }
  }
  [[nodiscard]] metric::EvaluationResult value() const { return meter_.value(); }

 private:
  const data::PreparedData& data_;
  const EvaluateOptions& options_;
  metric::EvaluationMeter meter_;
};

void run_alone(Pass& pass, data::BatchLoader& loader, std::span<const std::int64_t> rows,
               const EvaluateOptions& options, Measure& measure) {
  loader.start(rows);
  std::int64_t done = 0;
  while (const data::Batch* batch = loader.next()) {
    measure.add(pass.logits(*batch, loader.shape()), batch->rows);
    done += batch->size;
    if (options.progress) options.progress(done, static_cast<std::int64_t>(rows.size()));
  }
}

void run_together(Pass& pass, data::BatchLoader& loader, std::span<const std::int64_t> rows,
                  const EvaluateOptions& options, Measure& measure) {
  const Shard part = shard_of(rows.size(), options.batch_size, options.group);
  const Tensor all = at::zeros({static_cast<std::int64_t>(rows.size()), metric::kClasses}, torch::kFloat32);
  loader.start(rows.subspan(part.first, part.count));
  const auto first = static_cast<std::int64_t>(part.first);
  std::int64_t done = 0;
  while (const data::Batch* batch = loader.next()) {
    all.narrow(0, first + done, batch->size).copy_(pass.logits(*batch, loader.shape()));
    done += batch->size;
    if (options.progress) options.progress(done, static_cast<std::int64_t>(part.count));
  }
  // Each row is a sum of one process' numbers and zeros.
  options.group->all_reduce(all);
  measure.add(all, rows);
}

}  // namespace

metric::EvaluationResult evaluate(network::Network& network, const data::PreparedData& data,
                                  data::Split split, const data::PreprocessPlan& plan,
                                  const EvaluateOptions& options) {
  const auto rows = data.indices(split);
  if (rows.empty()) {
    throw core::Error(core::ExitCode::data,
                      "'" + data.path().string() + "': the " + data::split_name(split) + " split is empty",
                      "choose another --split, or prepare the data with other fractions");
  }
  const auto start = core::Clock::now();
  const data::PixelSource pixels(data, plan);
  const data::InputSource& inputs = options.inputs != nullptr ? *options.inputs : pixels;
  Pass pass(network, options);
  data::BatchLoader loader(data, inputs, loading(options.batch_size, pass.reads_with_threads()));
  Measure measure(data, options);
  const auto run = options.group == nullptr ? run_alone : run_together;
  run(pass, loader, rows, options, measure);
  metric::EvaluationResult result = measure.value();
  const double seconds = core::seconds_since(start);
  result.split = data::split_name(split);
  result.images_per_second = static_cast<double>(rows.size()) / std::max(seconds, 1e-9);
  return result;
}

}  // namespace svhn::inference
