#include "transfer/feature_job.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "core/error.h"
#include "core/scratch.h"
#include "core/signals.h"
#include "network/network.h"
#include "train/data_parallel.h"

namespace svhn::transfer {
namespace {

using data::Split;
using torch::Tensor;

/// Runs one split after the other through the frozen layers.
class Maker {
 public:
  /// @param features N * F numbers to be filled; empty: other processes keep them.
  Maker(const FeatureJob& job, std::span<float> features, const FeatureEvents& events)
      : job_(job),
        group_(job.part.group),
        rank_(group_ == nullptr ? 0 : static_cast<std::size_t>(group_->rank())),
        size_(group_ == nullptr ? 1 : static_cast<std::size_t>(group_->size())),
        features_(features),
        events_(events) {}

  void run(Split split) {
    const auto& part = job_.part;
    const data::PixelSource pixels(*part.data, data::plan_for(part.preprocessing, *part.data, split));
    data::BatchLoader loader(*part.data, pixels, {kBatch, true, {}});
    const auto rows = part.data->indices(split);
    start(loader, rows);
    for (std::size_t first = 0; first < rows.size(); first += kBatch * size_) {
      stop_if_asked();
      const auto round = rows.subspan(first, std::min(kBatch * size_, rows.size() - first));
      store(round, round_features(*loader.next(), round.size()));
      done_ += round.size();
      if (events_.progress) events_.progress(done_, job_.rows.size());
    }
  }

 private:
  static constexpr std::size_t kBatch = 64;

  /// In each round of `size_` batches this process runs its own, which may be empty in the last.
  void start(data::BatchLoader& loader, std::span<const std::int64_t> rows) const {
    std::vector<std::int64_t> own, sizes;
    for (std::size_t first = 0; first < rows.size(); first += kBatch * size_) {
      const std::size_t begin = std::min(first + rank_ * kBatch, rows.size());
      const auto batch = rows.subspan(begin, std::min(kBatch, rows.size() - begin));
      own.insert(own.end(), batch.begin(), batch.end());
      sizes.push_back(static_cast<std::int64_t>(batch.size()));
    }
    loader.start(own, {}, sizes);
  }

  void stop_if_asked() const {
    const int own = core::stop_signal();
    const int signal = group_ == nullptr ? own : train::agree_on_signal(own, *group_);
    if (signal == 0) return;
    throw core::Interrupted(signal, "stopped by signal " + std::to_string(signal) +
                                        " while the frozen layers ran; nothing is kept of it");
  }

  /// @returns those of a round's images, f32 [images, F], on every process.
  [[nodiscard]] Tensor round_features(const data::Batch& batch, std::size_t images) const {
    if (group_ == nullptr) return outputs(batch);
    const auto numbers = static_cast<std::int64_t>(job_.numbers());
    const Tensor all = at::zeros({static_cast<std::int64_t>(images), numbers}, torch::kFloat32);
    if (batch.size > 0) {
      all.narrow(0, static_cast<std::int64_t>(rank_ * kBatch), batch.size)
          .copy_(outputs(batch).view({batch.size, numbers}));
    }
    group_->all_reduce(all);
    return all;
  }

  [[nodiscard]] Tensor outputs(const data::Batch& batch) const {
    const torch::NoGradGuard no_grad;
    std::vector<std::int64_t> shape = job_.part.network->input_shape();
    shape.insert(shape.begin(), batch.size);
    auto* values = const_cast<float*>(batch.pixels.data());
    const Tensor input = torch::from_blob(values, shape, torch::kFloat32).to(job_.part.network->device());
    network::ForwardContext context;
    context.precision = job_.part.precision;
    context.until = job_.cut;
    return job_.part.network->forward(input, context).to(torch::kCPU, torch::kFloat32).contiguous();
  }

  void store(std::span<const std::int64_t> rows, const Tensor& outputs) {
    if (features_.empty()) return;
    const auto* from = static_cast<const float*>(outputs.data_ptr());
    const std::size_t numbers = job_.numbers();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto cut = std::lower_bound(job_.rows.begin(), job_.rows.end(), rows[i]);
      const auto at = static_cast<std::size_t>(cut - job_.rows.begin());
      std::memcpy(features_.data() + at * numbers, from + i * numbers, numbers * sizeof(float));
    }
  }

  const FeatureJob& job_;
  distributed::ProcessGroup* group_;
  std::size_t rank_;
  std::size_t size_;
  std::span<float> features_;
  const FeatureEvents& events_;
  std::size_t done_ = 0;
};

void write_file(const FeatureJob& job, std::span<const float> features) {
  const auto images = static_cast<std::int64_t>(job.rows.size());
  std::vector<std::int64_t> shape = job.shape;
  shape.insert(shape.begin(), images);
  formats::write_safetensors(job.path,
                             {{"features", formats::DType::f32, shape, std::as_bytes(features)},
                              {"rows", formats::DType::i64, {images}, std::as_bytes(std::span(job.rows))}},
                             {{"kind", "features"}, {"made_of", job.key}}, core::ExitCode::data);
}

}  // namespace

void write_features(const FeatureJob& job, const FeatureEvents& events, bool writes) {
  if (events.writing) events.writing(job.path, job.bytes(), job.rows.size());
  std::optional<core::ScratchFile> scratch;
  const std::size_t bytes = job.rows.size() * job.numbers() * sizeof(float);
  if (writes) scratch.emplace(job.path.parent_path(), bytes);
  const std::span<float> features = scratch ? scratch->floats() : std::span<float>{};
  Maker maker(job, features, events);
  for (const Split split : {Split::train, Split::val}) maker.run(split);
  if (writes) write_file(job, features);
}

}  // namespace svhn::transfer
