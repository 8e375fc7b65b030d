#include "tune/scheduler.h"

#include <algorithm>
#include <span>
#include <utility>

#include "tune/outcome.h"
#include "tune/search_config.h"

namespace svhn::tune {

using metric::TrialResult;
using metric::TrialStatus;

TrialScheduler::TrialScheduler(TuneOptions options, std::int64_t epochs, const TrialRound& round, Ended ended)
    : options_(std::move(options)), ended_(std::move(ended)) {
  const bool halving = options_.stopping && options_.stopping->type == StoppingType::halving;
  const std::int64_t count = halving ? options_.stopping->brackets : 1;
  for (std::int64_t number = 0; number < count; ++number) {
    Bracket bracket{round.name + "bracket " + std::to_string(number), {epochs}, 0, {}};
    if (halving) bracket.rungs = halving_rungs(*options_.stopping, number, epochs);
    for (auto i = round.first + static_cast<std::size_t>(number); i < round.end;
         i += static_cast<std::size_t>(count)) {
      bracket.live.push_back(i);
    }
    brackets_.push_back(std::move(bracket));
  }
  list_open();
}

Rung TrialScheduler::rung_of(const Bracket& bracket) {
  Rung rung{bracket.name, std::nullopt, bracket.live};
  if (bracket.rung + 1 < bracket.rungs.size()) {
    rung.epochs = bracket.rungs[bracket.rung];
    rung.name += " epoch " + std::to_string(*rung.epochs);
  }
  return rung;
}

void TrialScheduler::list_open() {
  open_.clear();
  for (const auto& bracket : brackets_) open_.push_back(rung_of(bracket));
}

const TrialResult* TrialScheduler::known(const std::string& rung, std::size_t trial) const {
  if (const TrialResult* record = ended_(trial)) return record;
  const auto results = results_.find(rung);
  if (results == results_.end()) return nullptr;
  const auto found = results->second.find(trial);
  return found == results->second.end() ? nullptr : &found->second;
}

bool TrialScheduler::pending(const std::string& rung, std::size_t trial) const {
  const auto found = std::find_if(open_.begin(), open_.end(), [&](const Rung& r) { return r.name == rung; });
  return found != open_.end() && std::binary_search(found->trials.begin(), found->trials.end(), trial) &&
         known(rung, trial) == nullptr;
}

void TrialScheduler::put(const std::string& rung, std::size_t trial, const TrialResult& result) {
  if (pending(rung, trial)) results_[rung].emplace(trial, result);
}

bool TrialScheduler::complete(const Rung& rung) const {
  return std::all_of(rung.trials.begin(), rung.trials.end(),
                     [&](std::size_t trial) { return known(rung.name, trial) != nullptr; });
}

std::vector<TrialResult> TrialScheduler::settle() {
  std::vector<TrialResult> dropped;
  for (auto bracket = brackets_.begin(); bracket != brackets_.end();) {
    const Rung rung = rung_of(*bracket);
    if (!complete(rung)) {
      ++bracket;
    } else if (!rung.epochs) {
      bracket = brackets_.erase(bracket);
    } else {
      drop_worst(*bracket, dropped);
      results_.erase(rung.name);
      ++bracket->rung;
    }
  }
  list_open();
  return dropped;
}

/// Of the epochs up to the rung: a trial that has ended may have more.
std::optional<double> TrialScheduler::rung_score(const TrialResult& result, std::int64_t rung) const {
  if (result.status == TrialStatus::failed) return std::nullopt;
  const std::span curve(result.curve);
  const auto epochs = std::min(curve.size(), static_cast<std::size_t>(rung));
  return curve_score(curve.first(epochs), resolved_score(options_), maximised(options_.objective));
}

void TrialScheduler::drop_worst(Bracket& bracket, std::vector<TrialResult>& dropped) {
  const Rung rung = rung_of(bracket);
  std::vector<std::optional<double>> scores;
  for (const std::size_t trial : rung.trials) {
    scores.push_back(rung_score(*known(rung.name, trial), *rung.epochs));
  }
  const auto kept = halving_survivors(scores, options_.stopping->reduction, maximised(options_.objective));
  bracket.live.clear();
  for (std::size_t i = 0; i < rung.trials.size(); ++i) {
    const std::size_t trial = rung.trials[i];
    if (std::binary_search(kept.begin(), kept.end(), i)) {
      bracket.live.push_back(trial);
    } else if (ended_(trial) == nullptr) {
      TrialResult& result = dropped.emplace_back(*known(rung.name, trial));
      result.status = TrialStatus::stopped;
      result.error = "not among the best " + std::to_string(kept.size()) + " of " +
                     std::to_string(rung.trials.size()) + " after " + std::to_string(*rung.epochs) +
                     " epochs";
    }
  }
}

}  // namespace svhn::tune
