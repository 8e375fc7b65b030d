#include "transfer/features.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <variant>

#include "core/error.h"
#include "core/json.h"
#include "core/random.h"
#include "model/spec_json.h"
#include "network/network.h"
#include "transfer/feature_job.h"

namespace svhn::transfer {
namespace {

using core::Error;
using core::ExitCode;
using data::Split;
using torch::Tensor;

std::vector<std::int64_t> needed_rows(const data::PreparedData& data) {
  std::vector<std::int64_t> rows;
  for (const Split split : {Split::train, Split::val}) {
    rows.insert(rows.end(), data.indices(split).begin(), data.indices(split).end());
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

/// @returns the weights' checksum and that of their names.
std::string weights_digest(const network::Network& network, model::CutPoint cut) {
  std::string digests;
  const std::size_t count = model::tensors_before(network.plan(), cut);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& item = network.tensors()[i];
    const Tensor held = item.tensor.detach().to(torch::kCPU).contiguous();
    const std::string_view bytes(static_cast<const char*>(held.data_ptr()), held.nbytes());
    digests += item.name + ":" + std::to_string(core::stream_id(bytes)) + ";";
  }
  return std::to_string(core::stream_id(digests));
}

/// The layers as JSON, without where their weights came from.
std::string layers_text(const model::NetworkPlan& plan, model::CutPoint cut) {
  model::ModelSpec spec;
  for (std::size_t i = 0; i < cut.layer + (cut.node > 0 ? 1 : 0); ++i) {
    spec.layers.push_back(plan.layers[i].layer);
    if (auto* backbone = std::get_if<model::BackboneSpec>(&spec.layers.back().kind)) {
      backbone->weights.clear();
      backbone->trainable.clear();
    }
  }
  return model::model_to_json(spec).dump();
}

std::string key_of(const train::FrozenPart& part, model::CutPoint cut) {
  nlohmann::ordered_json key{{"layers", layers_text(part.network->plan(), cut)},
                             {"weights", weights_digest(*part.network, cut)},
                             {"preprocessing", data::preprocessing_to_json(part.preprocessing)},
                             {"data", train::data_fingerprint(*part.data)},
                             {"precision", kernels::precision_name(part.precision)},
                             {"device", part.network->device().str()}};
  if (cut.node > 0) key["node"] = cut.node;
  return key.dump();
}

std::string backbone_name(const model::NetworkPlan& plan) {
  for (const auto& layer : plan.layers) {
    if (const auto* backbone = std::get_if<model::BackboneSpec>(&layer.layer.kind)) return backbone->backbone;
  }
  return "features";
}

FeatureJob make_job(const train::FrozenPart& part, model::CutPoint cut, const std::filesystem::path& folder) {
  const model::NetworkPlan& plan = part.network->plan();
  FeatureJob job{part, cut, model::shape_at(plan, cut), needed_rows(*part.data), key_of(part, cut), {}};
  std::array<char, 20> number{};
  std::snprintf(number.data(), number.size(), "-%016llx",
                static_cast<unsigned long long>(core::stream_id(job.key)));
  job.path = folder / (backbone_name(plan) + number.data() + ".safetensors");
  return job;
}

/// @returns why the features cannot be kept, or nothing. They are written twice, beside each other.
std::optional<std::string> obstacle(const train::FrozenPart& part, const FeatureJob& job) {
  if (part.augmented) return "augmentation gives each epoch other images";
  std::error_code error;
  std::filesystem::create_directories(job.path.parent_path(), error);
  const auto space = std::filesystem::space(job.path.parent_path(), error);
  if (error || space.available / 2 > job.bytes()) return std::nullopt;
  return "their features would take " + std::to_string(job.bytes() >> 20) + " MiB and the disk has " +
         std::to_string(space.available >> 20) + " MiB left";
}

/// @returns the features of an earlier run, or nothing: a damaged file is made again.
std::shared_ptr<const FeatureFile> find_features(const FeatureJob& job) {
  if (!std::filesystem::exists(job.path)) return nullptr;
  try {
    return std::make_shared<const FeatureFile>(job.path, job.shape, job.rows, job.key);
  } catch (const Error&) {
    return nullptr;
  }
}

/// What a process found where its features belong.
struct Finding {
  std::optional<std::string> obstacle;
  std::shared_ptr<const FeatureFile> file;  ///< Empty: none.
};

Finding look(const train::FrozenPart& part, const FeatureJob& job) {
  if (auto reason = obstacle(part, job)) return {std::move(reason), nullptr};
  return {std::nullopt, find_features(job)};
}

/// What all processes found together.
struct Verdict {
  std::optional<std::string> obstacle;  ///< Of the lowest rank that has one.
  bool all_found = true;
  bool writes = false;  ///< This process makes the file of its folder.
};

/// @returns the folder and the machine, so that one process writes where several share a folder.
std::string place_of(const FeatureJob& job) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  std::error_code error;
  return host.data() + (":" + std::filesystem::weakly_canonical(job.path, error).string());
}

Verdict agree(const Finding& own, const FeatureJob& job, distributed::ProcessGroup* group) {
  if (group == nullptr) return {own.obstacle, own.file != nullptr, own.file == nullptr};
  nlohmann::json said{{"place", place_of(job)}, {"found", own.file != nullptr}};
  if (own.obstacle) said["obstacle"] = *own.obstacle;
  Verdict verdict;
  std::set<std::string> taken;
  int rank = 0;
  for (const std::string& text : group->all_gather(said.dump())) {
    const auto other = core::parse_json_strict(text, "rank " + std::to_string(rank), ExitCode::device);
    if (other.contains("obstacle") && !verdict.obstacle) {
      verdict.obstacle = other.at("obstacle").get<std::string>();
    }
    if (!other.at("found").get<bool>()) {
      verdict.all_found = false;
      const bool first = taken.insert(other.at("place").get<std::string>()).second;
      if (rank == group->rank()) verdict.writes = first;
    }
    ++rank;
  }
  return verdict;
}

train::Features make_features(const train::FrozenPart& part, const std::filesystem::path& folder,
                              const FeatureEvents& told) {
  const model::CutPoint cut = model::frozen_cut(part.network->plan());
  if (cut == model::CutPoint{}) return {};
  const FeatureEvents events = part.group == nullptr || part.group->rank() == 0 ? told : FeatureEvents{};
  const FeatureJob job = make_job(part, cut, folder);
  Finding own = look(part, job);
  const Verdict verdict = agree(own, job, part.group);
  if (verdict.obstacle) {
    if (events.unused) events.unused(*verdict.obstacle);
    return {};
  }
  if (verdict.all_found) {
    if (events.found) events.found(job.path);
    return {std::move(own.file), cut};
  }
  write_features(job, events, verdict.writes);
  if (part.group != nullptr) part.group->barrier();
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
