#include "tune/trial_plan.h"

#include <algorithm>
#include <utility>

#include "tune/parameter.h"
#include "tune/tpe.h"

namespace svhn::tune {
namespace {

std::vector<std::string> values_of(const Trial& trial) {
  std::vector<std::string> values;
  for (const auto& value : trial.values) values.push_back(value.value);
  return values;
}

}  // namespace

TrialPlan::TrialPlan(TuneOptions options) : options_(std::move(options)), trials_(plan_trials(options_)) {
  size_ =
      options_.search == SearchType::tpe ? static_cast<std::size_t>(trial_count(options_)) : trials_.size();
  trials_.reserve(size_);
  for (const Trial& trial : trials_) seen_.insert(values_of(trial));
}

bool TrialPlan::extend(const Result& result) {
  if (trials_.size() >= size_) return false;
  std::vector<const metric::TrialResult*> results;
  for (const Trial& trial : trials_) {
    results.push_back(result(trial.id));
    if (results.back() == nullptr) return false;
  }
  TpeEvidence evidence = divide_trials(options_, trials_, results);
  const std::size_t begin = trials_.size();
  const auto length = static_cast<std::size_t>(options_.tpe.value_or(TpeOptions{}).round);
  for (std::size_t index = begin; index < std::min(begin + length, size_); ++index) {
    const auto values = find_values(evidence, index);
    if (values.empty()) {
      size_ = trials_.size();
      break;
    }
    seen_.insert(values);
    trials_.push_back(make_trial(options_, values));
    trials_.back().id = static_cast<std::int64_t>(index) + 1;
    evidence.others.push_back(&trials_.back());  // So that the next one of the round is not alike.
  }
  if (trials_.size() == begin) return false;
  begin_ = begin;
  ++round_;
  return true;
}

/// @returns values that no trial has; empty when there are none.
std::vector<std::string> TrialPlan::find_values(const TpeEvidence& evidence, std::size_t index) const {
  constexpr std::uint64_t kAttempts = 20;
  const auto number = static_cast<std::uint64_t>(index);
  for (std::uint64_t attempt = 0; attempt < kAttempts; ++attempt) {
    auto values = propose_values(options_, evidence, number, attempt);
    if (!seen_.contains(values)) return values;
  }
  // The good values are known: any others.
  const std::uint64_t draws = static_cast<std::uint64_t>(size_) * 100 + 1000;
  for (std::uint64_t draw = 0; draw < draws; ++draw) {
    auto values = random_values(options_, number * draws + draw);
    if (!seen_.contains(values)) return values;
  }
  return {};
}

}  // namespace svhn::tune
