#include "svhn/tune/search.h"

#include <algorithm>
#include <new>

#include "ledger.h"
#include "svhn/core/error.h"
#include "svhn/core/signals.h"
#include "svhn/tune/stopping.h"

namespace svhn::tune {
namespace {

using core::Error;
using core::ExitCode;
using metric::TrialResult;
using metric::TrialStatus;

/// A run's value that counts: of its whole curve here, of a part of it at a rung.
Score resolved_score(const TuneOptions& options) {
  if (options.score != Score::automatic) return options.score;
  return options.folds ? Score::last : Score::best;
}

std::vector<double> objective_curve(const metric::History& history, const std::string& objective) {
  for (const auto& field : metric::history_fields()) {
    if (field.key == objective) return history.*field.values;
  }
  return {};
}

/// @returns the mean of the curves at each epoch, over those that got so far.
std::vector<double> mean_curve(const std::vector<std::vector<double>>& curves) {
  std::vector<double> mean;
  for (std::size_t epoch = 0;; ++epoch) {
    double sum = 0.0;
    int count = 0;
    for (const auto& curve : curves) {
      if (epoch >= curve.size()) continue;
      sum += curve[epoch];
      ++count;
    }
    if (count == 0) return mean;
    mean.push_back(sum / count);
  }
}

}  // namespace

struct Search::Impl {
  SearchRequest request;
  std::vector<Trial> trials;
  Ledger ledger;
  Runner runner;
  std::string fingerprint;
  SearchObserver* observer = nullptr;

  explicit Impl(SearchRequest r)
      : request(std::move(r)),
        trials(check_search(request.config)),
        ledger(request.config, TuneFiles(request.output, request.config.base.name), request.existing),
        runner(request.config, ledger.files(), request.device),
        fingerprint(train::data_fingerprint(runner.data())) {
    ledger.read(fingerprint, trials, runner.data().synthetic());
  }

  [[nodiscard]] const TuneOptions& options() const { return request.config.tune; }
  [[nodiscard]] bool maximize() const { return maximised(options().objective); }

  /// What a trial has come to.
  struct Attempt {
    std::vector<metric::History> runs;
    std::string failure;  ///< Empty: none.
    bool paused = false;  ///< A rule ended the last of the runs before its end.
  };

  /// Runs the trial's runs one after the other. @param pause made for each run.
  Attempt attempt(const Trial& trial, const RunPause& pause, bool pause_ends_trial) {
    Attempt attempt;
    for (std::int64_t run = 0; run < runner.runs(); ++run) {
      observer->on_run(trial, run, runner.runs());
      const RunPause watched = [&](const metric::History& history) {
        const bool now = pause(history);
        attempt.paused = attempt.paused || now;
        return now;
      };
      attempt_run(trial, run, watched, attempt);
      if (!attempt.failure.empty() || (attempt.paused && pause_ends_trial)) break;
    }
    return attempt;
  }

  void attempt_run(const Trial& trial, std::int64_t run, const RunPause& pause, Attempt& attempt) {
    try {
      attempt.runs.push_back(runner.advance(trial, run, pause, observer->training()));
    } catch (const core::Interrupted& stop) {
      throw core::Interrupted(stop.signal(), "trial " + std::to_string(trial.id) + ": " + stop.what());
    } catch (const Error& error) {
      // Of the trial's own making; anything else would befall the next trial as well.
      if (error.code() != ExitCode::numeric && error.code() != ExitCode::config) throw;
      attempt.failure = error.what();
    } catch (const std::bad_alloc&) {
      attempt.failure = "out of memory";
    } catch (const c10::Error& error) {
      attempt.failure = error.what_without_backtrace();
    }
  }

  [[nodiscard]] TrialResult result_of(const Trial& trial, const Attempt& attempt) const {
    TrialResult result;
    result.id = trial.id;
    result.label = trial.label;
    result.values = trial.values;
    std::vector<std::vector<double>> curves;
    for (const auto& history : attempt.runs) {
      curves.push_back(objective_curve(history, options().objective));
      const auto score = curve_score(curves.back(), resolved_score(options()), maximize());
      if (score) result.run_scores.push_back(*score);
      result.epochs += static_cast<std::int64_t>(history.epochs());
      for (const double seconds : history.seconds) result.seconds += seconds;
    }
    result.curve = mean_curve(curves);
    result.error = attempt.failure.substr(0, attempt.failure.find('\n'));
    if (!attempt.failure.empty()) result.status = TrialStatus::failed;
    if (attempt.failure.empty() && !result.run_scores.empty()) {
      double sum = 0.0;
      for (const double score : result.run_scores) sum += score;
      result.score = sum / static_cast<double>(result.run_scores.size());
    }
    return result;
  }

  void keep(const Trial& trial, const TrialResult& result) {
    ledger.add(result);
    runner.tidy(trial);
    const auto all = ledger.result();
    const auto* best = metric::best_trial(all);
    observer->on_result(result, best != nullptr && best->id == result.id);
  }

  /// One trial to its end, unless the median of those before it says that it is not worth it.
  void run_trial(const Trial& trial) {
    const auto completed = completed_curves(trial.id);
    const auto& stopping = options().stopping;
    const Attempt tried = attempt(
        trial,
        [&](const metric::History& history) {
          return stopping && stopping->type == StoppingType::median &&
                 median_rule_stops(objective_curve(history, options().objective), completed, *stopping,
                                   maximize());
        },
        true);
    TrialResult result = result_of(trial, tried);
    if (tried.paused && result.status == TrialStatus::completed) {
      result.status = TrialStatus::stopped;
      result.error = "worse than the median of " + std::to_string(completed.size()) + " completed trials";
    }
    keep(trial, result);
  }

  /// Of earlier trials only, so that the rule does not depend on which trials have run so far.
  [[nodiscard]] std::vector<std::vector<double>> completed_curves(std::int64_t before) const {
    std::vector<std::vector<double>> curves;
    for (const auto& trial : trials) {
      const TrialResult* record = trial.id < before ? ledger.find(trial.id) : nullptr;
      if (record != nullptr && record->status == TrialStatus::completed) curves.push_back(record->curve);
    }
    return curves;
  }

  void run_in_turn(const NextTrial& next) {
    while (const auto index = next()) {
      const Trial& trial = trials[*index];
      if (ledger.find(trial.id) == nullptr) {
        run_trial(trial);
      } else {
        runner.tidy(trial);
      }
    }
  }

  /// Rung after rung: all trials of a bracket get the rung's epochs, the best of them go on.
  void run_bracket(std::int64_t bracket) {
    const auto& stopping = *options().stopping;
    std::vector<const Trial*> live;
    for (std::size_t i = 0; i < trials.size(); ++i) {
      if (static_cast<std::int64_t>(i) % stopping.brackets == bracket) live.push_back(&trials[i]);
    }
    const auto rungs = halving_rungs(stopping, bracket, request.config.base.train.epochs);
    for (const std::int64_t rung : rungs) {
      const bool last = rung == rungs.back();
      std::vector<TrialResult> results;
      for (const Trial* trial : live) results.push_back(climb(*trial, rung, last));
      if (last) return;
      live = drop_worst(live, results, rung);
    }
  }

  /// @returns what a trial has come to at a rung; its record where it has ended.
  TrialResult climb(const Trial& trial, std::int64_t rung, bool last) {
    if (const TrialResult* record = ledger.find(trial.id)) {
      runner.tidy(trial);
      return *record;
    }
    const Attempt tried = attempt(
        trial,
        [&](const metric::History& history) {
          return !last && history.epochs() >= static_cast<std::size_t>(rung);
        },
        false);
    TrialResult result = result_of(trial, tried);
    if (last || result.status == TrialStatus::failed) keep(trial, result);
    return result;
  }

  std::vector<const Trial*> drop_worst(const std::vector<const Trial*>& live,
                                       const std::vector<TrialResult>& results, std::int64_t rung) {
    std::vector<std::optional<double>> scores;
    for (const auto& result : results) {
      const std::span curve(result.curve);
      const auto epochs = std::min(curve.size(), static_cast<std::size_t>(rung));
      scores.push_back(result.status == TrialStatus::failed
                           ? std::nullopt
                           : curve_score(curve.first(epochs), resolved_score(options()), maximize()));
    }
    const auto kept = halving_survivors(scores, options().stopping->reduction, maximize());
    std::vector<const Trial*> survivors;
    for (std::size_t i = 0; i < live.size(); ++i) {
      if (std::binary_search(kept.begin(), kept.end(), i)) {
        survivors.push_back(live[i]);
      } else if (ledger.find(live[i]->id) == nullptr) {
        TrialResult result = results[i];
        result.status = TrialStatus::stopped;
        result.error = "not among the best " + std::to_string(kept.size()) + " of " +
                       std::to_string(live.size()) + " after " + std::to_string(rung) + " epochs";
        keep(*live[i], result);
      }
    }
    return survivors;
  }
};

NextTrial in_order(std::size_t count) {
  return [count, next = std::size_t{0}]() mutable {
    return next < count ? std::optional<std::size_t>(next++) : std::nullopt;
  };
}

Search::Search(SearchRequest request) : impl_(std::make_unique<Impl>(std::move(request))) {}
Search::~Search() = default;

metric::TuningResult Search::run(SearchObserver& observer) {
  Impl& impl = *impl_;
  impl.observer = &observer;
  impl.ledger.open(impl.fingerprint);
  const auto& stopping = impl.options().stopping;
  if (stopping && stopping->type == StoppingType::halving) {
    for (std::int64_t bracket = 0; bracket < stopping->brackets; ++bracket) impl.run_bracket(bracket);
  } else {
    impl.run_in_turn(in_order(impl.trials.size()));
  }
  impl.ledger.write_results();
  return impl.ledger.result();
}

const std::vector<Trial>& Search::trials() const {
  return impl_->trials;
}
const TuneFiles& Search::files() const {
  return impl_->ledger.files();
}
const Runner& Search::runner() const {
  return impl_->runner;
}
std::size_t Search::recorded() const {
  return impl_->ledger.size();
}
bool Search::resumed() const {
  return impl_->ledger.resumed();
}

}  // namespace svhn::tune
