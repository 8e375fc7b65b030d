#include "inference/evaluate.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/clock.h"
#include "core/error.h"
#include "core/file.h"

namespace svhn::inference {
namespace {

using torch::Tensor;

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

/// Adds the predictions of all rows, in their order, on every process.
void run(Session& session, const data::PreparedData& data, const data::InputSource& inputs,
         std::span<const std::int64_t> rows, const EvaluateOptions& options, PredictionMeter& meter) {
  if (options.group == nullptr) {
    session.run(
        data, inputs, rows,
        [&](std::size_t first, const Tensor& logits) {
          meter.add(logits, rows.subspan(first, static_cast<std::size_t>(logits.size(0))));
        },
        options.progress);
    return;
  }
  meter.add(logits_of_rows(session, data, inputs, rows, options), rows);
}

}  // namespace

Tensor logits_of_rows(Session& session, const data::PreparedData& data, const data::InputSource& inputs,
                      std::span<const std::int64_t> rows, const EvaluateOptions& options) {
  Tensor all = at::zeros({static_cast<std::int64_t>(rows.size()), metric::kClasses}, torch::kFloat32);
  session.run(
      data, inputs, rows,
      [&](std::size_t first, const Tensor& logits) {
        all.narrow(0, static_cast<std::int64_t>(first), logits.size(0)).copy_(logits);
      },
      options.progress);
  // Each row is set by one process and zero on the others.
  if (options.group != nullptr) options.group->all_reduce(all);
  return all;
}

std::span<const std::int64_t> rows_of(const data::PreparedData& data, data::Split split) {
  const auto rows = data.indices(split);
  if (!rows.empty()) return rows;
  throw core::Error(core::ExitCode::data,
                    "'" + data.path().string() + "': the " + data::split_name(split) + " split is empty",
                    "choose another --split, or prepare the data with other fractions");
}

metric::EvaluationResult measure(const Tensor& logits, const data::PreparedData& data, data::Split split,
                                 const EvaluateOptions& options) {
  PredictionMeter meter(data, options);
  meter.add(logits, data.indices(split));
  metric::EvaluationResult result = meter.value();
  result.split = data::split_name(split);
  return result;
}

metric::EvaluationResult evaluate(network::Network& network, const data::PreparedData& data,
                                  data::Split split, const data::PreprocessPlan& plan,
                                  const EvaluateOptions& options) {
  const auto rows = rows_of(data, split);
  const auto start = core::Clock::now();
  const data::PixelSource pixels(data, plan);
  const data::InputSource& inputs = options.inputs != nullptr ? *options.inputs : pixels;
  Session session(network, {.batch_size = options.batch_size,
                            .precision = options.precision,
                            .first = options.cut,
                            .group = options.group});
  PredictionMeter meter(data, options);
  run(session, data, inputs, rows, options, meter);
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
