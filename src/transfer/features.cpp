#include "transfer/features.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <variant>

#include "core/error.h"
#include "core/input_guard.h"
#include "core/json.h"
#include "core/random.h"
#include "core/scratch.h"
#include "core/signals.h"
#include "data/fingerprint.h"
#include "inference/session.h"
#include "model/frozen_cut.h"
#include "model/spec_json.h"
#include "network/network.h"
#include "train/data_parallel.h"

namespace svhn::transfer {
namespace {

using core::Error;
using core::ExitCode;
using data::Split;
using torch::Tensor;

/// A file of features to be found or written.
struct FeatureJob {
  const train::FeatureContext& context;
  model::NodeId cut;
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

/// @returns a checksum of the names and values of the weights before a cut; not XXH3, as feature files hold
/// it.
std::string weights_digest(const network::Network& network, model::NodeId cut) {
  std::string digests;
  const std::size_t count = model::tensors_up_to(network.graph(), cut);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& item = network.tensors()[i];
    const Tensor held = item.tensor.detach().to(torch::kCPU).contiguous();
    const std::string_view bytes(static_cast<const char*>(held.data_ptr()), held.nbytes());
    digests += item.name + ":" + std::to_string(core::stream_id(bytes)) + ";";
  }
  return std::to_string(core::stream_id(digests));
}

/// @returns the layers before a cut as JSON, without the paths of their weights.
std::string layers_text(const model::Graph& graph, model::NodeId cut) {
  model::ModelSpec spec;
  for (std::size_t i = 0; i <= graph.nodes[cut].layer; ++i) {
    spec.layers.push_back(graph.layers[i].spec);
    if (auto* backbone = std::get_if<model::BackboneSpec>(&spec.layers.back().op)) {
      backbone->weights.clear();
      backbone->trainable.clear();
    }
  }
  return model::model_to_json(spec).dump();
}

/// @returns the number of a node in its backbone's own graph, whose input is 0.
std::size_t number_in_backbone(const model::LayerSpan& layer, model::NodeId id) {
  const bool has_input = std::get<model::BackboneSpec>(layer.spec.op).input != model::BackboneInput::none;
  return id - layer.first + (has_input ? 0 : 1);
}

std::string key_of(const train::FeatureContext& context, model::NodeId cut) {
  const model::LayerSpan& layer = context.network->graph().layer_of(cut);
  nlohmann::ordered_json key{{"layers", layers_text(context.network->graph(), cut)},
                             {"weights", weights_digest(*context.network, cut)},
                             {"preprocessing", data::preprocessing_to_json(context.preprocessing)},
                             {"data", data::data_identity(*context.data)},
                             {"precision", kernels::precision_name(context.precision)},
                             {"device", context.network->device().str()}};
  if (cut != layer.last) key["node"] = number_in_backbone(layer, cut);
  return key.dump();
}

std::string backbone_name(const model::Graph& graph) {
  for (const auto& layer : graph.layers) {
    if (const auto* backbone = std::get_if<model::BackboneSpec>(&layer.spec.op)) return backbone->backbone;
  }
  return "features";
}

FeatureJob make_job(const train::FeatureContext& context, model::NodeId cut,
                    const std::filesystem::path& folder) {
  const model::Graph& graph = context.network->graph();
  FeatureJob job{context, cut, graph.nodes[cut].output, needed_rows(*context.data), key_of(context, cut), {}};
  job.path = folder / fmt::format("{}-{:016x}.safetensors", backbone_name(graph), core::stream_id(job.key));
  return job;
}

/// Computes the features of one split after the other.
class FeatureRunner {
 public:
  /// @param features output, N times the elements of F; empty: another process stores them.
  FeatureRunner(const FeatureJob& job, std::span<float> features, const FeatureEvents& events)
      : job_(job),
        group_(job.context.group),
        rank_(group_ == nullptr ? 0 : static_cast<std::size_t>(group_->rank())),
        size_(group_ == nullptr ? 1 : static_cast<std::size_t>(group_->size())),
        features_(features),
        events_(events),
        session_(*job.context.network,
                 {.batch_size = kBatch, .precision = job.context.precision, .until = job.cut}) {}

  void run(Split split) {
    const auto& context = job_.context;
    const data::PixelSource pixels(*context.data,
                                   data::plan_for(context.preprocessing, *context.data, split));
    data::BatchLoader loader(*context.data, pixels, {kBatch, true, {}});
    const auto rows = context.data->indices(split);
    start(loader, rows);
    for (std::size_t first = 0; first < rows.size(); first += kBatch * size_) {
      stop_if_requested();
      const auto global = rows.subspan(first, std::min(kBatch * size_, rows.size() - first));
      store(global, global_features(*loader.next(), global.size()));
      done_ += global.size();
      if (events_.progress) events_.progress(done_, job_.rows.size());
    }
  }

 private:
  static constexpr std::size_t kBatch = 64;

  /// Selects this process' batch of every `size_` batches; the last may be empty.
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

  void stop_if_requested() const {
    const int own = core::stop_signal();
    const int signal = group_ == nullptr ? own : train::agree_on_signal(own, *group_);
    if (signal == 0) return;
    throw core::Interrupted(signal, "stopped by signal " + std::to_string(signal) +
                                        " while the frozen layers ran; nothing is kept of it");
  }

  /// @returns the features of one batch of every process, f32 [images, F], on every process.
  [[nodiscard]] Tensor global_features(const data::Batch& batch, std::size_t images) {
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

  [[nodiscard]] Tensor outputs(const data::Batch& batch) {
    return session_.outputs(batch.pixels, batch.size);
  }

  void store(std::span<const std::int64_t> rows, const Tensor& outputs) {
    if (features_.empty()) return;
    const auto* from = static_cast<const float*>(outputs.data_ptr());
    const std::size_t numbers = job_.numbers();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto found = std::lower_bound(job_.rows.begin(), job_.rows.end(), rows[i]);
      const auto index = static_cast<std::size_t>(found - job_.rows.begin());
      std::memcpy(features_.data() + index * numbers, from + i * numbers, numbers * sizeof(float));
    }
  }

  const FeatureJob& job_;
  distributed::ProcessGroup* group_;
  std::size_t rank_;
  std::size_t size_;
  std::span<float> features_;
  const FeatureEvents& events_;
  inference::Session session_;
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

/// Computes the features and writes the file. The processes of a group run one batch each in turn, so that
/// every batch equals one that a single process would run.
/// @param writes whether this process stores and writes all features; the others only compute their batches.
void write_features(const FeatureJob& job, const FeatureEvents& events, bool writes) {
  if (events.writing) events.writing(job.path, job.bytes(), job.rows.size());
  std::optional<core::ScratchFile> scratch;
  const std::size_t bytes = job.rows.size() * job.numbers() * sizeof(float);
  if (writes) scratch.emplace(job.path.parent_path(), bytes);
  const std::span<float> features = scratch ? scratch->floats() : std::span<float>{};
  FeatureRunner runner(job, features, events);
  for (const Split split : {Split::train, Split::val}) runner.run(split);
  if (writes) write_file(job, features);
}

/// @returns why the features cannot be kept, or nothing. A scratch file and the
/// final one need space together.
std::optional<std::string> obstacle(const train::FeatureContext& context, const FeatureJob& job) {
  if (context.augmented) return "augmentation gives each epoch other images";
  std::error_code error;
  std::filesystem::create_directories(job.path.parent_path(), error);
  const auto space = std::filesystem::space(job.path.parent_path(), error);
  if (error || space.available / 2 > job.bytes()) return std::nullopt;
  return "their features would take " + std::to_string(job.bytes() >> 20) + " MiB and the disk has " +
         std::to_string(space.available >> 20) + " MiB left";
}

/// @returns the features of an earlier run, or nothing: a damaged file is written again.
std::shared_ptr<const FeatureFile> find_features(const FeatureJob& job) {
  if (!std::filesystem::exists(job.path)) return nullptr;
  try {
    return std::make_shared<const FeatureFile>(job.path, job.shape, job.rows, job.key);
  } catch (const Error&) {
    core::allow_replacing(job.path);
    return nullptr;
  }
}

/// What this process knows about its features.
struct LocalState {
  std::optional<std::string> obstacle;
  std::shared_ptr<const FeatureFile> file;  ///< Empty: no valid file.
};

LocalState local_state(const train::FeatureContext& context, const FeatureJob& job) {
  if (auto reason = obstacle(context, job)) return {std::move(reason), nullptr};
  return {std::nullopt, find_features(job)};
}

/// What all processes know together.
struct GroupState {
  std::optional<std::string> obstacle;  ///< Of the lowest rank that has one.
  bool all_found = true;
  bool writes = false;  ///< This process writes the file of its folder.
};

/// @returns a text that is equal for the processes that share a feature file, of which one writes it.
std::string host_and_path(const FeatureJob& job) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  std::error_code error;
  return host.data() + (":" + std::filesystem::weakly_canonical(job.path, error).string());
}

GroupState group_state(const LocalState& own, const FeatureJob& job, distributed::ProcessGroup* group) {
  if (group == nullptr) return {own.obstacle, own.file != nullptr, own.file == nullptr};
  nlohmann::json message{{"place", host_and_path(job)}, {"found", own.file != nullptr}};
  if (own.obstacle) message["obstacle"] = *own.obstacle;
  GroupState state;
  std::set<std::string> taken;
  int rank = 0;
  for (const std::string& text : group->all_gather(message.dump())) {
    const auto other = core::parse_json_strict(text, "rank " + std::to_string(rank), ExitCode::device);
    if (other.contains("obstacle") && !state.obstacle) {
      state.obstacle = other.at("obstacle").get<std::string>();
    }
    if (!other.at("found").get<bool>()) {
      state.all_found = false;
      const bool first = taken.insert(other.at("place").get<std::string>()).second;
      if (rank == group->rank()) state.writes = first;
    }
    ++rank;
  }
  return state;
}

train::Features make_features(const train::FeatureContext& context, const std::filesystem::path& folder,
                              const FeatureEvents& requested) {
  const model::NodeId cut = model::frozen_cut(context.network->graph());
  if (cut == 0) return {};
  const FeatureEvents events =
      context.group == nullptr || context.group->rank() == 0 ? requested : FeatureEvents{};
  const FeatureJob job = make_job(context, cut, folder);
  LocalState own = local_state(context, job);
  const GroupState state = group_state(own, job, context.group);
  if (state.obstacle) {
    if (events.unused) events.unused(*state.obstacle);
    return {};
  }
  if (state.all_found) {
    if (events.found) events.found(job.path);
    return {std::move(own.file), cut};
  }
  write_features(job, events, state.writes);
  if (context.group != nullptr) context.group->barrier();
  return {std::make_shared<const FeatureFile>(job.path, job.shape, job.rows, job.key), cut};
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
  if (!rows.empty()) positions_.assign(static_cast<std::size_t>(rows.back()) + 1, -1);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    positions_[static_cast<std::size_t>(rows[i])] = static_cast<std::int64_t>(i);
  }
}

void FeatureFile::read(std::int64_t row, std::span<float> values) const {
  const auto at = static_cast<std::size_t>(row);
  if (row < 0 || at >= positions_.size() || positions_[at] < 0) {
    throw Error(ExitCode::bug, "there are no features of row " + std::to_string(row));
  }
  const std::size_t length = values.size_bytes();
  const auto bytes = file_.bytes(*features_, static_cast<std::size_t>(positions_[at]) * length, length);
  std::memcpy(values.data(), bytes.data(), length);
}

train::MakeFeatures feature_maker(const std::filesystem::path& folder, FeatureEvents events) {
  return [folder, events = std::move(events)](const train::FeatureContext& context) {
    return make_features(context, folder, events);
  };
}

}  // namespace svhn::transfer
