#include "tune/scheduler.h"

#include <algorithm>
#include <span>
#include <utility>

#include "tune/search_config.h"
#include "tune/stopping.h"

namespace svhn::tune {

using metric::TrialResult;
using metric::TrialStatus;

TrialScheduler::TrialScheduler(TuneOptions options, std::int64_t epochs, std::size_t trials, Ended ended)
    : options_(std::move(options)), ended_(std::move(ended)) {
  const bool halving = options_.stopping && options_.stopping->type == StoppingType::halving;
  const std::int64_t count = halving ? options_.stopping->brackets : 1;
  for (std::int64_t number = 0; number < count; ++number) {
    Bracket bracket{number, {epochs}, 0, {}};
    if (halving) bracket.rungs = halving_rungs(*options_.stopping, number, epochs);
    for (auto i = static_cast<std::size_t>(number); i < trials; i += static_cast<std::size_t>(count)) {
      bracket.live.push_back(i);
    }
    brackets_.push_back(std::move(bracket));
  }
  list_open();
}

Rung TrialScheduler::round_of(const Bracket& bracket) {
  Rung round{"bracket " + std::to_string(bracket.number), std::nullopt, bracket.live};
  if (bracket.rung + 1 < bracket.rungs.size()) {
    round.rung = bracket.rungs[bracket.rung];
    round.name += " epoch " + std::to_string(*round.rung);
  }
  return round;
}

void TrialScheduler::list_open() {
  open_.clear();
  for (const auto& bracket : brackets_) open_.push_back(round_of(bracket));
}

const TrialResult* TrialScheduler::known(const std::string& round, std::size_t trial) const {
  if (const TrialResult* record = ended_(trial)) return record;
  const auto results = results_.find(round);
  if (results == results_.end()) return nullptr;
  const auto found = results->second.find(trial);
  return found == results->second.end() ? nullptr : &found->second;
}

bool TrialScheduler::pending(const std::string& round, std::size_t trial) const {
  const auto found = std::find_if(open_.begin(), open_.end(), [&](const Rung& r) { return r.name == round; });
  return found != open_.end() && std::binary_search(found->trials.begin(), found->trials.end(), trial) &&
         known(round, trial) == nullptr;
}

void TrialScheduler::put(const std::string& round, std::size_t trial, const TrialResult& result) {
  if (pending(round, trial)) results_[round].emplace(trial, result);
}

bool TrialScheduler::complete(const Rung& round) const {
  return std::all_of(round.trials.begin(), round.trials.end(),
                     [&](std::size_t trial) { return known(round.name, trial) != nullptr; });
}

std::vector<TrialResult> TrialScheduler::settle() {
  std::vector<TrialResult> dropped;
  for (auto bracket = brackets_.begin(); bracket != brackets_.end();) {
    const Rung round = round_of(*bracket);
    if (!complete(round)) {
      ++bracket;
    } else if (!round.rung) {
      bracket = brackets_.erase(bracket);
    } else {
      drop_worst(*bracket, dropped);
      results_.erase(round.name);
      ++bracket->rung;
    }
  }
  list_open();
  return dropped;
}

/// Of the epochs up to the rung: a trial that has ended may have had more.
std::optional<double> TrialScheduler::rung_score(const TrialResult& result, std::int64_t rung) const {
  if (result.status == TrialStatus::failed) return std::nullopt;
  const std::span curve(result.curve);
  const auto epochs = std::min(curve.size(), static_cast<std::size_t>(rung));
  return curve_score(curve.first(epochs), resolved_score(options_), maximised(options_.objective));
}

void TrialScheduler::drop_worst(Bracket& bracket, std::vector<TrialResult>& dropped) {
  const Rung round = round_of(bracket);
  std::vector<std::optional<double>> scores;
  for (const std::size_t trial : round.trials) {
    scores.push_back(rung_score(*known(round.name, trial), *round.rung));
  }
  const auto kept = halving_survivors(scores, options_.stopping->reduction, maximised(options_.objective));
  bracket.live.clear();
  for (std::size_t i = 0; i < round.trials.size(); ++i) {
    const std::size_t trial = round.trials[i];
    if (std::binary_search(kept.begin(), kept.end(), i)) {
      bracket.live.push_back(trial);
    } else if (ended_(trial) == nullptr) {
      TrialResult& result = dropped.emplace_back(*known(round.name, trial));
      result.status = TrialStatus::stopped;
      result.error = "not among the best " + std::to_string(kept.size()) + " of " +
                     std::to_string(round.trials.size()) + " after " + std::to_string(*round.rung) +
                     " epochs";
    }
  }
}

}  // namespace svhn::tune
