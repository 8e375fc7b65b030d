#include "train/session_parts.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <variant>

#include "core/clock.h"
#include "core/error.h"
#include "core/json.h"
#include "core/random.h"

namespace svhn::train {
namespace {

using core::Error;
using core::ExitCode;
using data::Split;

/// Whether training spends its time in convolutions; a frozen backbone runs once.
bool trains_convolutions(const model::ModelSpec& spec) {
  return std::any_of(spec.layers.begin(), spec.layers.end(), [](const model::LayerSpec& layer) {
    const auto* backbone = std::get_if<model::BackboneSpec>(&layer.kind);
    return std::holds_alternative<model::Conv2dSpec>(layer.kind) ||
           (backbone != nullptr && !backbone->trainable.empty());
  });
}

}  // namespace

RunFiles run_files(const SessionRequest& request, bool writes) {
  RunFiles files(request.output, request.name);
  if (!writes || request.existing != ExistingRun::refuse) return files;
  const auto existing = files.existing();
  if (existing.empty()) return files;
  throw Error(ExitCode::usage,
              "'" + existing.front().string() + "' exists: there is a run '" + request.name + "' already",
              "--resume goes on with it, --overwrite starts anew, --output chooses another folder");
}

/// Small dense networks gain nothing from bfloat16, whatever the processor.
kernels::Precision choose_precision(const SessionRequest& request, const std::string& recorded) {
  if (request.train.precision == Precision::float32) return kernels::Precision::float32;
  if (request.train.precision == Precision::bfloat16) return kernels::Precision::bfloat16;
  if (!recorded.empty()) {
    return recorded == "bfloat16" ? kernels::Precision::bfloat16 : kernels::Precision::float32;
  }
  return trains_convolutions(request.model) ? kernels::automatic_precision(request.device)
                                            : kernels::Precision::float32;
}

model::NetworkPlan plan_request(const SessionRequest& request) {
  const bool grey = std::find(request.data.preprocess.begin(), request.data.preprocess.end(),
                              data::PreprocessStep::greyscale) != request.data.preprocess.end();
  return model::plan_network(request.model, {grey ? 1 : data::kChannels, data::kSide, data::kSide});
}

std::shared_ptr<const data::PreparedData> open_data(const SessionRequest& request) {
  if (request.opened) return request.opened;
  return std::make_shared<const data::PreparedData>(request.data.file);
}

network::BatchNormVariance batch_norm_variance(const SessionRequest& request) {
  return request.train.framework_compat == FrameworkCompat::keras ? network::BatchNormVariance::keras
                                                                  : network::BatchNormVariance::torch;
}

double peak_megabytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

double seconds_per_image(network::Network& network, kernels::Precision precision, model::CutPoint cut) {
  constexpr std::int64_t kImages = 32;
  const torch::NoGradGuard no_grad;
  const auto& shape = network.input_shape();
  const torch::Tensor images = torch::zeros({kImages, shape[0], shape[1], shape[2]}).to(network.device());
  network::ForwardContext context;
  context.precision = precision;
  context.until = cut;
  double seconds = 0.0;
  for (int pass = 0; pass < 2; ++pass) {  // The first one warms up.
    const auto start = core::Clock::now();
    network.forward(images, context);
    seconds = core::seconds_since(start);
  }
  return seconds / kImages;
}

void ZeroFeatures::read(std::int64_t /*row*/, std::span<float> values) const {
  std::fill(values.begin(), values.end(), 0.0F);
}

std::string record_json(const CheckpointRecord& record) {
  return nlohmann::json{{"state", state_json(record.state).dump()},
                        {"precision", record.precision},
                        {"threads", record.threads},
                        {"processes", record.processes}}
      .dump();
}

CheckpointRecord record_from_json(const std::string& text) {
  const auto document = core::parse_json_strict(text, "rank 0", ExitCode::device);
  CheckpointRecord record;
  record.state = state_from_json(document.at("state").get<std::string>(), "rank 0");
  record.precision = document.at("precision").get<std::string>();
  record.threads = document.at("threads").get<int>();
  record.processes = document.at("processes").get<int>();
  return record;
}

nlohmann::ordered_json reduction_json(const ReductionReport& report) {
  return {{"bytes_per_step", report.bytes_per_step},
          {"sums_per_step", report.sums_per_step},
          {"alone_seconds", report.alone_seconds},
          {"waited_seconds", report.waited_seconds},
          {"hidden", report.hidden}};
}

std::string data_fingerprint(const data::PreparedData& data) {
  std::string text;
  for (const auto& [key, value] : data.metadata()) text += key + "=" + value + "\n";
  const auto append = [&text](const void* bytes, std::size_t size) {
    text.append(static_cast<const char*>(bytes), size);
  };
  append(data.labels().data(), data.labels().size_bytes());
  for (const Split split : {Split::train, Split::val, Split::test}) {
    append(data.indices(split).data(), data.indices(split).size_bytes());
  }
  return std::to_string(core::stream_id(text));
}

}  // namespace svhn::train
