#include "svhn/transfer/features.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <variant>

#include "svhn/core/error.h"
#include "svhn/core/random.h"
#include "svhn/core/scratch.h"
#include "svhn/core/signals.h"
#include "svhn/model/network.h"
#include "svhn/model/spec_json.h"

namespace svhn::transfer {
namespace {

using core::Error;
using core::ExitCode;
using data::Split;
using torch::Tensor;

/// Everything that decides the features.
struct Job {
  const train::FrozenPart& part;
  model::Place place;
  std::vector<std::int64_t> shape;  ///< F.
  std::vector<std::int64_t> rows;   ///< Ascending.
  std::string key;
  std::filesystem::path path;

  [[nodiscard]] std::size_t numbers() const { return static_cast<std::size_t>(model::element_count(shape)); }
  [[nodiscard]] std::uint64_t bytes() const { return rows.size() * (numbers() * sizeof(float) + 8); }
};

std::vector<std::int64_t> needed_rows(const data::PreparedData& data) {
  std::vector<std::int64_t> rows;
  for (const Split split : {Split::train, Split::val}) {
    rows.insert(rows.end(), data.indices(split).begin(), data.indices(split).end());
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

/// @returns the weights' checksum and that of their names.
std::string weights_digest(const model::Network& network, model::Place place) {
  std::string digests;
  const std::size_t count = model::tensors_before(network.plan(), place);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& item = network.tensors()[i];
    const Tensor held = item.tensor.detach().to(torch::kCPU).contiguous();
    const std::string_view bytes(static_cast<const char*>(held.data_ptr()), held.nbytes());
    digests += item.name + ":" + std::to_string(core::stream_id(bytes)) + ";";
  }
  return std::to_string(core::stream_id(digests));
}

/// The layers as JSON, without where their weights came from.
std::string layers_text(const model::NetworkPlan& plan, model::Place place) {
  model::ModelSpec spec;
  for (std::size_t i = 0; i < place.layer + (place.node > 0 ? 1 : 0); ++i) {
    spec.layers.push_back(plan.layers[i].layer);
    if (auto* backbone = std::get_if<model::BackboneSpec>(&spec.layers.back().kind)) {
      backbone->weights.clear();
      backbone->trainable.clear();
    }
  }
  return model::model_to_json(spec).dump();
}

std::string key_of(const train::FrozenPart& part, model::Place place) {
  nlohmann::ordered_json key{{"layers", layers_text(part.network->plan(), place)},
                             {"weights", weights_digest(*part.network, place)},
                             {"preprocessing", data::preprocessing_to_json(part.preprocessing)},
                             {"data", train::data_fingerprint(*part.data)},
                             {"precision", compute::precision_name(part.precision)},
                             {"device", part.network->device().str()}};
  if (place.node > 0) key["node"] = place.node;
  return key.dump();
}

std::string backbone_name(const model::NetworkPlan& plan) {
  for (const auto& layer : plan.layers) {
    if (const auto* backbone = std::get_if<model::BackboneSpec>(&layer.layer.kind)) return backbone->backbone;
  }
  return "features";
}

Job make_job(const train::FrozenPart& part, model::Place place, const std::filesystem::path& folder) {
  const model::NetworkPlan& plan = part.network->plan();
  Job job{part, place, model::shape_at(plan, place), needed_rows(*part.data), key_of(part, place), {}};
  std::array<char, 20> number{};
  std::snprintf(number.data(), number.size(), "-%016llx",
                static_cast<unsigned long long>(core::stream_id(job.key)));
  job.path = folder / (backbone_name(plan) + number.data() + ".safetensors");
  return job;
}

/// Runs one split through the frozen layers.
class Maker {
 public:
  Maker(const Job& job, std::span<float> features, const FeatureEvents& events)
      : job_(job), features_(features), events_(events) {}

  void run(Split split) {
    const auto& part = job_.part;
    const data::PixelSource pixels(*part.data, data::plan_for(part.preprocessing, *part.data, split));
    data::BatchLoader loader(*part.data, pixels, {kBatch, true, {}});
    loader.start(part.data->indices(split));
    while (const data::Batch* batch = loader.next()) {
      stop_if_asked();
      store(*batch, outputs(*batch, pixels.shape()));
      done_ += static_cast<std::size_t>(batch->size);
      if (events_.progress) events_.progress(done_, job_.rows.size());
    }
  }

 private:
  static constexpr std::int64_t kBatch = 64;

  static void stop_if_asked() {
    const int signal = core::stop_signal();
    if (signal == 0) return;
    throw core::Interrupted(signal, "stopped by signal " + std::to_string(signal) +
                                        " while the frozen layers ran; nothing is kept of it");
  }

  [[nodiscard]] Tensor outputs(const data::Batch& batch, std::vector<std::int64_t> shape) const {
    const torch::NoGradGuard no_grad;
    shape.insert(shape.begin(), batch.size);
    auto* values = const_cast<float*>(batch.pixels.data());
    const Tensor input = torch::from_blob(values, shape, torch::kFloat32).to(job_.part.network->device());
    model::ForwardContext context;
    context.precision = job_.part.precision;
    context.until = job_.place;
    return job_.part.network->forward(input, context).to(torch::kCPU, torch::kFloat32).contiguous();
  }

  void store(const data::Batch& batch, const Tensor& outputs) {
    const auto* from = static_cast<const float*>(outputs.data_ptr());
    const std::size_t numbers = job_.numbers();
    for (std::size_t i = 0; i < batch.rows.size(); ++i) {
      const auto place = std::lower_bound(job_.rows.begin(), job_.rows.end(), batch.rows[i]);
      const auto at = static_cast<std::size_t>(place - job_.rows.begin());
      std::memcpy(features_.data() + at * numbers, from + i * numbers, numbers * sizeof(float));
    }
  }

  const Job& job_;
  std::span<float> features_;
  const FeatureEvents& events_;
  std::size_t done_ = 0;
};

void write_features(const Job& job, const FeatureEvents& events) {
  if (events.writing) events.writing(job.path, job.bytes(), job.rows.size());
  const std::size_t count = job.rows.size() * job.numbers();
  const core::ScratchFile scratch(job.path.parent_path(), count * sizeof(float));
  const std::span<float> features = scratch.floats();
  Maker maker(job, features, events);
  for (const Split split : {Split::train, Split::val}) maker.run(split);
  std::vector<std::int64_t> shape = job.shape;
  shape.insert(shape.begin(), static_cast<std::int64_t>(job.rows.size()));
  formats::write_safetensors(job.path,
                             {{"features", formats::DType::f32, shape, std::as_bytes(features)},
                              {"rows",
                               formats::DType::i64,
                               {static_cast<std::int64_t>(job.rows.size())},
                               std::as_bytes(std::span(job.rows))}},
                             {{"kind", "features"}, {"made_of", job.key}}, ExitCode::data);
}

/// @returns why the features cannot be kept, or nothing. They are written twice, beside each other.
std::optional<std::string> obstacle(const train::FrozenPart& part, const Job& job) {
  if (part.augmented) return "augmentation gives each epoch other images";
  std::error_code error;
  std::filesystem::create_directories(job.path.parent_path(), error);
  const auto space = std::filesystem::space(job.path.parent_path(), error);
  if (error || space.available / 2 > job.bytes()) return std::nullopt;
  return "their features would take " + std::to_string(job.bytes() >> 20) + " MiB and the disk has " +
         std::to_string(space.available >> 20) + " MiB left";
}

/// @returns the features of an earlier run, or nothing: a damaged file is made again.
std::shared_ptr<const FeatureFile> find_features(const Job& job) {
  if (!std::filesystem::exists(job.path)) return nullptr;
  try {
    return std::make_shared<const FeatureFile>(job.path, job.shape, job.rows, job.key);
  } catch (const Error&) {
    return nullptr;
  }
}

train::Features make_features(const train::FrozenPart& part, const std::filesystem::path& folder,
                              const FeatureEvents& events) {
  const model::Place place = model::frozen_place(part.network->plan());
  if (place == model::Place{}) return {};
  const Job job = make_job(part, place, folder);
  if (const auto reason = obstacle(part, job)) {
    if (events.unused) events.unused(*reason);
    return {};
  }
  if (auto found = find_features(job)) {
    if (events.found) events.found(job.path);
    return {std::move(found), place};
  }
  write_features(job, events);
  return {std::make_shared<const FeatureFile>(job.path, job.shape, job.rows, job.key), place};
}

}  // namespace

FeatureFile::FeatureFile(const std::filesystem::path& path, std::vector<std::int64_t> shape,
                         const std::vector<std::int64_t>& rows, const std::string& key)
    : file_(path, ExitCode::data), shape_(std::move(shape)) {
  const auto made_of = file_.metadata().find("made_of");
  if (made_of == file_.metadata().end() || made_of->second != key) {
    throw Error(ExitCode::data, "'" + path.string() + "' holds the features of something else",
                "remove it; it is made again");
  }
  const auto images = static_cast<std::int64_t>(rows.size());
  std::vector<std::int64_t> full = shape_;
  full.insert(full.begin(), images);
  features_ = &file_.require("features", formats::DType::f32, full);
  const auto held = file_.bytes(file_.require("rows", formats::DType::i64, {images}));
  if (std::memcmp(held.data(), rows.data(), held.size()) != 0) {
    throw Error(ExitCode::data, "'" + path.string() + "' holds the features of other images",
                "remove it; it is made again");
  }
  if (!rows.empty()) places_.assign(static_cast<std::size_t>(rows.back()) + 1, -1);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    places_[static_cast<std::size_t>(rows[i])] = static_cast<std::int64_t>(i);
  }
}

void FeatureFile::read(std::int64_t row, std::span<float> values) const {
  const auto at = static_cast<std::size_t>(row);
  if (row < 0 || at >= places_.size() || places_[at] < 0) {
    throw Error(ExitCode::bug, "there are no features of row " + std::to_string(row));
  }
  const std::size_t length = values.size_bytes();
  const auto bytes = file_.bytes(*features_, static_cast<std::size_t>(places_[at]) * length, length);
  std::memcpy(values.data(), bytes.data(), length);
}

train::MakeFeatures feature_maker(const std::filesystem::path& folder, FeatureEvents events) {
  return [folder, events = std::move(events)](const train::FrozenPart& part) {
    return make_features(part, folder, events);
  };
}

}  // namespace svhn::transfer
