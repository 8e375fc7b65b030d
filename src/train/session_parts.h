#pragma once
/// What a session decides from its request alone.

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "network/network.h"
#include "train/checkpoint.h"
#include "train/session.h"

namespace svhn::train {

/// @param writes whether this process will write them.
/// @throws core::Error(usage) when a run is there already and the request does not say what to do with it.
RunFiles run_files(const SessionRequest& request, bool writes);

/// @param recorded what the checkpoint says; empty without one.
kernels::Precision choose_precision(const SessionRequest& request, const std::string& recorded);

model::NetworkPlan plan_request(const SessionRequest& request);

/// @returns the opened data of the request, or its file, opened.
std::shared_ptr<const data::PreparedData> open_data(const SessionRequest& request);

/// @returns the most resident memory of this process so far, in units of 2^20 bytes.
double peak_megabytes();

/// Features that cost nothing, for timing what comes after them.
class ZeroFeatures : public data::InputSource {
 public:
  explicit ZeroFeatures(std::vector<std::int64_t> shape) : shape_(std::move(shape)) {}
  [[nodiscard]] std::vector<std::int64_t> shape() const override { return shape_; }
  void read(std::int64_t row, std::span<float> values) const override;

 private:
  std::vector<std::int64_t> shape_;
};

network::BatchNormVariance batch_norm_variance(const SessionRequest& request);

/// What the other processes of a run have to know of a checkpoint: state, precision, threads and processes.
std::string record_json(const CheckpointRecord& record);
CheckpointRecord record_from_json(const std::string& text);

/// For summary.json.
nlohmann::ordered_json reduction_json(const ReductionReport& report);

}  // namespace svhn::train
