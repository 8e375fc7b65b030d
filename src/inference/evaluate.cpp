#include "inference/evaluate.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/clock.h"
#include "core/error.h"
#include "core/file.h"
#include "inference/loading.h"
#include "network/mlp_engine.h"

namespace svhn::inference {
namespace {

using torch::Tensor;

/// Computes the logits of batches.
class BatchRunner {
 public:
  BatchRunner(network::Network& network, const EvaluateOptions& options)
      : network_(network), options_(options) {
    const bool from_input = options.cut == model::CutPoint{};
    if (from_input && options.precision == kernels::Precision::float32)
      engine_ = network::MlpEngine::make(network);
  }

  /// @returns whether the threads that compute should also load the batches.
  [[nodiscard]] bool reads_with_threads() const {
    return engine_ != nullptr && engine_->is_parallel(options_.batch_size);
  }

  /// @param shape of one input. @returns logits f32 [n, classes] on the CPU, valid until the next call.
  Tensor logits(const data::Batch& batch, std::vector<std::int64_t> shape) {
    const torch::NoGradGuard no_grad;
    network::ForwardContext context;
    context.precision = options_.precision;
    context.first = options_.cut;
    auto* pixels = const_cast<float*>(batch.pixels.data());
    if (engine_ && batch.size > 0) {
      auto* values = const_cast<float*>(engine_->forward(pixels, batch.size, context));
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
  std::unique_ptr<network::MlpEngine> engine_;  // nullptr unless the network is an MLP.
};

/// Accumulates the metrics of predictions and reports each to the caller.
class PredictionMeter {
 public:
  PredictionMeter(const data::PreparedData& data, const EvaluateOptions& options)
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

void run_single(BatchRunner& runner, data::BatchLoader& loader, std::span<const std::int64_t> rows,
                const EvaluateOptions& options, PredictionMeter& meter) {
  loader.start(rows);
  std::int64_t done = 0;
  while (const data::Batch* batch = loader.next()) {
    meter.add(runner.logits(*batch, loader.shape()), batch->rows);
    done += batch->size;
    if (options.progress) options.progress(done, static_cast<std::int64_t>(rows.size()));
  }
}

void run_sharded(BatchRunner& runner, data::BatchLoader& loader, std::span<const std::int64_t> rows,
                 const EvaluateOptions& options, PredictionMeter& meter) {
  const Shard shard = shard_of(rows.size(), options.batch_size, options.group);
  const Tensor all = at::zeros({static_cast<std::int64_t>(rows.size()), metric::kClasses}, torch::kFloat32);
  loader.start(rows.subspan(shard.first, shard.count));
  const auto first = static_cast<std::int64_t>(shard.first);
  std::int64_t done = 0;
  while (const data::Batch* batch = loader.next()) {
    all.narrow(0, first + done, batch->size).copy_(runner.logits(*batch, loader.shape()));
    done += batch->size;
    if (options.progress) options.progress(done, static_cast<std::int64_t>(shard.count));
  }
  // Each row is set by one process and zero on the others.
  options.group->all_reduce(all);
  meter.add(all, rows);
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
  BatchRunner runner(network, options);
  data::BatchLoader loader(data, inputs, loading(options.batch_size, runner.reads_with_threads()));
  PredictionMeter meter(data, options);
  const auto run = options.group == nullptr ? run_single : run_sharded;
  run(runner, loader, rows, options, meter);
  metric::EvaluationResult result = meter.value();
  const double seconds = core::seconds_since(start);
  result.split = data::split_name(split);
  result.images_per_second = static_cast<double>(rows.size()) / std::max(seconds, 1e-9);
  return result;
}

void PredictionTable::add(std::int64_t row, int true_class, const metric::Prediction& prediction) {
  text_ += std::to_string(row) + "," + std::to_string(metric::class_digit(true_class)) + "," +
           std::to_string(metric::class_digit(prediction.predicted));
  for (int digit = 0; digit < metric::kClasses; ++digit) {
    const auto index = static_cast<std::size_t>(data::class_of_digit(digit));
    fmt::format_to(std::back_inserter(text_), ",{:.9g}", prediction.probabilities[index]);
  }
  text_ += "\n";
}

void PredictionTable::write(const std::filesystem::path& path) const {
  core::write_text_file(path, text_, core::ExitCode::data);
}

}  // namespace svhn::inference
