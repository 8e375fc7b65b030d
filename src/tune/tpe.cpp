#include "tune/tpe.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

#include "core/random.h"
#include "tune/parameter.h"
#include "tune/search_config.h"

namespace svhn::tune {
namespace {

using metric::TrialResult;
using metric::TrialStatus;

constexpr std::size_t kMostGood = 25;

/// @returns a key by which better trials come first.
std::tuple<int, std::int64_t, double> rank_of(const TrialResult& result, bool maximize) {
  if (result.status == TrialStatus::failed || !result.score) return {2, 0, 0.0};
  const double loss = maximize ? -*result.score : *result.score;
  if (result.status == TrialStatus::completed) return {0, 0, loss};
  return {1, -result.epochs, loss};
}

std::vector<double> places(const std::vector<const Trial*>& trials, const Parameter& parameter,
                           std::size_t index) {
  std::vector<double> found;
  found.reserve(trials.size());
  for (const Trial* trial : trials) found.push_back(place_of(parameter, trial->values[index].value));
  return found;
}

}  // namespace

TpeEvidence divide_trials(const TuneOptions& options, std::span<const Trial> trials,
                          std::span<const TrialResult* const> results) {
  std::vector<std::size_t> order(trials.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const bool maximize = maximised(options.objective);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return rank_of(*results[a], maximize) < rank_of(*results[b], maximize);
  });
  const double share = options.tpe.value_or(TpeOptions{}).gamma * static_cast<double>(trials.size());
  const std::size_t good = std::min(static_cast<std::size_t>(std::ceil(share)), kMostGood);
  std::vector<bool> is_good(trials.size(), false);
  for (std::size_t i = 0; i < good; ++i) is_good[order[i]] = true;
  TpeEvidence evidence;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    (is_good[i] ? evidence.good : evidence.others).push_back(&trials[i]);
  }
  return evidence;
}

std::vector<std::string> propose_values(const TuneOptions& options, const TpeEvidence& evidence,
                                        std::uint64_t number, std::uint64_t attempt) {
  const std::int64_t candidates = options.tpe.value_or(TpeOptions{}).candidates;
  std::vector<std::string> values;
  for (std::size_t i = 0; i < options.space.size(); ++i) {
    const Parameter& parameter = options.space[i];
    const Axis axis = axis_of(parameter);
    const Parzen good(axis, places(evidence.good, parameter, i));
    const Parzen others(axis, places(evidence.others, parameter, i));
    const std::string purpose = "tpe " + std::to_string(attempt) + " " + parameter.name;
    core::CounterRandom random(options.seed, core::stream_id(purpose), number);
    double best = 0.0;
    double most = -std::numeric_limits<double>::infinity();
    for (std::int64_t n = 0; n < candidates; ++n) {
      const double place = good.draw(random);
      const double improvement = std::log(good.density(place)) - std::log(others.density(place));
      if (!(improvement > most)) continue;
      best = place;
      most = improvement;
    }
    values.push_back(value_of(parameter, best));
  }
  return values;
}

}  // namespace svhn::tune
