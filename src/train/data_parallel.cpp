#include "train/data_parallel.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

namespace svhn::train {
namespace {

using torch::Tensor;

constexpr std::int64_t kSignals = 2;  // Index of the first signal in the status.

Tensor make_status(const StepResult& own, const distributed::ProcessGroup& group) {
  Tensor status = at::zeros({kSignals + group.size()}, torch::kFloat64);
  auto* values = static_cast<double*>(status.data_ptr());
  values[0] = own.loss;
  values[1] = static_cast<double>(own.correct);
  values[kSignals + group.rank()] = own.signal;
  return status;
}

StepResult read_status(const Tensor& status) {
  const auto* values = static_cast<const double*>(status.data_ptr());
  const auto* end = values + status.numel();
  const auto* signal = std::find_if(values + kSignals, end, [](double value) { return value != 0.0; });
  return {values[0], static_cast<std::int64_t>(values[1]), signal == end ? 0 : static_cast<int>(*signal)};
}

/// @returns the running statistics of trainable batch norms; frozen ones do not change.
std::vector<Tensor> moving_statistics(const network::Network& network) {
  std::set<std::string> trainable;
  for (const auto& item : network.tensors()) {
    if (item.trainable) trainable.insert(item.name);
  }
  std::vector<Tensor> found;
  for (const auto& item : network.tensors()) {
    const std::size_t dot = item.name.rfind('.');
    const std::string role = item.name.substr(dot + 1);
    if (role != "running_mean" && role != "running_var") continue;
    if (trainable.contains(item.name.substr(0, dot) + ".bias")) found.push_back(item.tensor.detach());
  }
  return found;
}

}  // namespace

DataParallel::DataParallel(const network::Network& network, const FlatParameters& parameters,
                           distributed::ProcessGroup& group, bool synchronised)
    : group_(group), synchronised_(synchronised), buckets_(parameters, group_) {
  if (!synchronised) statistics_ = moving_statistics(network);
  bytes_before_ = group_.all_reduce_bytes();
  all_reduces_before_ = group_.all_reduces();
}

DataParallel::~DataParallel() = default;

void DataParallel::begin(const StepResult& own, double weight) {
  status_ = make_status(own, group_);
  status_work_ = group_.start_all_reduce(status_);
  start_statistics(weight);
  buckets_.begin();
}

StepResult DataParallel::finish() {
  const double exposed = buckets_.finish();
  exposed_ += exposed;
  overlap_ += std::clamp(1.0 - exposed / std::max(buckets_.all_reduce_seconds(), 1e-9), 0.0, 1.0);
  status_work_->wait();
  finish_statistics();
  ++steps_;
  return read_status(status_);
}

void DataParallel::start_statistics(double weight) {
  if (statistics_.empty()) return;
  std::vector<Tensor> flat;
  for (const Tensor& tensor : statistics_) flat.push_back(tensor.flatten());
  flat_statistics_ = at::cat(flat).mul_(weight);
  statistics_work_ = group_.start_all_reduce(flat_statistics_);
}

void DataParallel::finish_statistics() {
  if (statistics_.empty()) return;
  statistics_work_->wait();
  std::int64_t at = 0;
  for (Tensor& tensor : statistics_) {
    tensor.copy_(flat_statistics_.narrow(0, at, tensor.numel()).view(tensor.sizes()));
    at += tensor.numel();
  }
}

ReductionReport DataParallel::report() const {
  ReductionReport report;
  report.processes = group_.size();
  report.steps = steps_;
  report.all_reduce_seconds = buckets_.all_reduce_seconds();
  const double steps = static_cast<double>(std::max<std::int64_t>(steps_, 1));
  report.bytes_per_step = static_cast<double>(group_.all_reduce_bytes() - bytes_before_) / steps;
  report.all_reduces_per_step = static_cast<double>(group_.all_reduces() - all_reduces_before_) / steps;
  report.exposed_seconds = exposed_ / steps;
  report.overlap = overlap_ / steps;
  return report;
}

int agree_on_signal(int own, distributed::ProcessGroup& group) {
  const Tensor status = make_status({0.0, 0, own}, group);
  group.all_reduce(status);
  return read_status(status).signal;
}

nlohmann::ordered_json reduction_json(const ReductionReport& report) {
  return {{"bytes_per_step", report.bytes_per_step},
          {"sums_per_step", report.all_reduces_per_step},
          {"alone_seconds", report.all_reduce_seconds},
          {"waited_seconds", report.exposed_seconds},
          {"hidden", report.overlap}};
}

}  // namespace svhn::train
