#include "tune/run/worker.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/clock.h"
#include "core/json.h"
#include "core/signals.h"
#include "tune/stopping.h"

namespace svhn::tune {
namespace {

using core::Error;
using core::ExitCode;
using metric::TrialResult;
using metric::TrialStatus;
using std::chrono::milliseconds;
using Json = nlohmann::ordered_json;

constexpr milliseconds kRest{50};
constexpr milliseconds kLook{1000};
constexpr milliseconds kSilentWait{2000};

/// Another process goes on with the trial.
struct Taken {};

std::string message_text(const std::string& round, const TrialResult& result) {
  return Json{{"round", round}, {"trial", metric::trial_json(result, metric::TuningDetail::full)}}.dump();
}

}  // namespace

Worker::Worker(const SearchContext& place)
    : place_(place),
      scheduler_(place.search.tune, place.search.base.train.epochs, place.trials.size(),
                 [this](std::size_t trial) { return place_.journal.find(place_.trials[trial].id); }) {}

void Worker::run() {
  while (true) {
    listen();
    if (scheduler_.open().empty()) return;
    if (const auto job = next_job()) {
      idle_since_.reset();
      work(*job);
    } else if (!scheduler_.open().empty()) {
      rest();
    }
  }
}

/// The next of the queue; at its end what a process has left behind that is no more.
std::optional<Worker::Job> Worker::next_job() {
  const auto rounds = scheduler_.open();  // A copy: taking a trial may end rounds.
  for (const Rung& round : rounds) {
    while (const auto trial = draw(round)) {
      if (take(round, *trial)) return Job{round.name, round.rung, *trial};
    }
  }
  for (const Rung& round : rounds) {
    for (const std::size_t trial : round.trials) {
      if (take(round, trial)) return Job{round.name, round.rung, trial};
    }
  }
  return std::nullopt;
}

std::optional<std::size_t> Worker::draw(const Rung& round) {
  if (drawn_.contains(round.name)) return std::nullopt;
  const auto ticket = static_cast<std::size_t>(place_.queue.next_index(round.name));
  if (ticket < round.trials.size()) return round.trials[ticket];
  drawn_.insert(round.name);
  return std::nullopt;
}

bool Worker::take(const Rung& round, std::size_t trial) {
  const std::int64_t id = place_.trials[trial].id;
  if (!scheduler_.pending(round.name, trial) || held_.contains(id) || !place_.lock.try_take(id)) return false;
  // Whoever had it has told before letting it go, or has died in between.
  listen();
  if (scheduler_.pending(round.name, trial)) {
    if (const auto record = place_.journal.read_again(place_.trials[trial])) {
      place_.queue.publish(message_text({}, *record));
      learn(*record);
    }
  }
  if (scheduler_.pending(round.name, trial)) {
    place_.queue.own(id);
    return true;
  }
  place_.lock.release(id);
  return false;
}

void Worker::rest() {
  if (const int signal = core::stop_signal()) {
    throw core::Interrupted(signal, "stopped by signal " + std::to_string(signal) + "; go on with --resume");
  }
  if (!idle_since_) idle_since_ = core::Clock::now();
  look_around();
  tell_whom_we_wait_for();
  std::this_thread::sleep_for(kRest);
}

/// A stopped process, or one of another search that has not ended: only the user can help.
void Worker::tell_whom_we_wait_for() {
  if (!place_.queue.leads() || core::Clock::now() - *idle_since_ < kSilentWait) return;
  for (const Rung& round : scheduler_.open()) {
    for (const std::size_t trial : round.trials) {
      const Trial& waited = place_.trials[trial];
      if (!scheduler_.pending(round.name, trial) || held_.contains(waited.id) ||
          waited_for_.contains(waited.id) || place_.queue.has_owner(waited.id)) {
        continue;
      }
      waited_for_.insert(waited.id);
      place_.observer.on_waiting(waited);
    }
  }
}

void Worker::work(const Job& job) {
  const Trial& trial = place_.trials[job.trial];
  current_ = &trial;
  try {
    if (job.rung) {
      run_to_rung(job);
    } else {
      try_whole(trial);
    }
  } catch (const Taken&) {
    // Its results are the other's to tell.
  }
  current_ = nullptr;
  if (!held_.contains(trial.id)) place_.lock.release(trial.id);
}

TrialProgress Worker::attempt(const Trial& trial, const AttemptPause& pause, bool pause_ends_trial) {
  TrialWork work;
  work.runner = &place_.runner;
  work.training = this;
  work.on_run = [&](std::int64_t run) { place_.observer.on_run(trial, run, place_.runner.runs()); };
  work.check_search = [&] { place_.queue.check_trouble(); };
  work.pause = [&](const TrialProgress& so_far) {
    check_ownership();
    return pause(so_far);
  };
  work.pause_ends_trial = pause_ends_trial;
  return attempt_trial(trial, work);
}

void Worker::run_to_rung(const Job& job) {
  const Trial& trial = place_.trials[job.trial];
  const auto rung = static_cast<std::size_t>(*job.rung);
  const auto tried = attempt(
      trial, [&](const TrialProgress& so_far) { return so_far.runs.back().epochs() >= rung; }, false);
  const TrialResult result = result_of(options(), trial, tried);
  if (result.status == TrialStatus::failed) {
    keep(result);
    return;
  }
  place_.queue.publish(message_text(job.round, result));
  scheduler_.put(job.round, job.trial, result);
}

/// One trial to its end, unless the median of those before it says that it is not worth it.
void Worker::try_whole(const Trial& trial) {
  const auto tried = attempt(
      trial, [&](const TrialProgress& so_far) { return median_rule() && will_stop(trial, so_far); }, true);
  if (median_rule()) {
    held_[trial.id] = tried;
    judge_held();
  } else {
    keep(result_of(options(), trial, tried));
  }
}

bool Worker::median_rule() const {
  return options().stopping && options().stopping->type == StoppingType::median;
}

bool Worker::will_stop(const Trial& trial, const TrialProgress& attempt) const {
  const auto completed = completed_before(trial.id);
  const std::size_t running = running_before(trial.id);
  const auto rule = [&](std::span<const double> curve) {
    return median_rule_will_stop(curve, completed, running, *options().stopping,
                                 maximised(options().objective));
  };
  return find_end(attempt, options().objective, rule).has_value();
}

/// Judges trials in their order, each by those before it alone, as if they had run one after the other.
void Worker::judge_held() {
  while (!held_.empty() && running_before(held_.begin()->first) == 0) {
    const auto& [id, attempt] = *held_.begin();
    const Trial& trial = place_.trials[static_cast<std::size_t>(id - 1)];
    const auto completed = completed_before(id);
    const auto end = find_end(attempt, options().objective, [&](std::span<const double> curve) {
      return median_rule_stops(curve, completed, *options().stopping, maximised(options().objective));
    });
    keep(end ? stopped_result(
                   options(), trial, attempt, *end,
                   "worse than the median of " + std::to_string(completed.size()) + " completed trials")
             : result_of(options(), trial, attempt));
    place_.lock.release(id);
    held_.erase(held_.begin());
  }
}

std::vector<std::vector<double>> Worker::completed_before(std::int64_t id) const {
  std::vector<std::vector<double>> curves;
  for (const auto& trial : place_.trials) {
    const TrialResult* record = trial.id < id ? place_.journal.find(trial.id) : nullptr;
    if (record != nullptr && record->status == TrialStatus::completed) curves.push_back(record->curve);
  }
  return curves;
}

std::size_t Worker::running_before(std::int64_t id) const {
  return static_cast<std::size_t>(std::ranges::count_if(place_.trials, [&](const Trial& trial) {
    return trial.id < id && place_.journal.find(trial.id) == nullptr;
  }));
}

void Worker::listen() {
  place_.queue.check_trouble();
  for (const auto& message : place_.queue.poll()) hear(message);
  judge_held();
  for (const auto& dropped : scheduler_.settle()) {
    if (place_.queue.leads()) {
      place_.journal.write(dropped);
      place_.runner.cleanup(place_.trials[static_cast<std::size_t>(dropped.id - 1)]);
    }
    learn(dropped);
  }
}

void Worker::hear(const std::string& message) {
  const std::string source = "another process's message";
  const auto document = core::parse_json_strict(message, source, ExitCode::bug);
  const TrialResult result = metric::trial_from_json(document.at("trial"), source);
  const auto place = static_cast<std::size_t>(result.id - 1);
  if (place >= place_.trials.size()) throw Error(ExitCode::bug, source + " is of no trial of this search");
  const std::string round = document.at("round");
  if (round.empty()) {
    learn(result);
  } else {
    scheduler_.put(round, place, result);
  }
}

/// Of a trial that has ended here.
void Worker::keep(const TrialResult& result) {
  place_.journal.write(result);
  place_.queue.publish(message_text({}, result));
  place_.runner.cleanup(place_.trials[static_cast<std::size_t>(result.id - 1)]);
  learn(result);
}

void Worker::learn(const TrialResult& result) {
  if (place_.journal.find(result.id) != nullptr) return;
  place_.journal.learn(result);
  if (!place_.queue.leads()) return;
  place_.journal.write_results();
  const auto all = place_.journal.result();
  const auto* best = metric::best_trial(all);
  place_.observer.on_result(result, best != nullptr && best->id == result.id);
}

/// Often enough to be in the picture, seldom enough to cost nothing.
void Worker::look_around() {
  place_.queue.check_trouble();
  if (place_.queue.alone() || core::Clock::now() < next_look_) return;
  next_look_ = core::Clock::now() + kLook;
  place_.queue.obey_stop();
  for (const int rank : place_.queue.newly_lost()) {
    if (place_.queue.leads()) place_.observer.on_lost(rank);
  }
  if (current_ != nullptr) check_ownership();
}

void Worker::check_ownership() {
  if (place_.queue.alone()) return;
  listen();
  if (!place_.queue.owns(current_->id)) throw Taken();
}

void Worker::on_step(const train::StepReport& report) {
  look_around();
  place_.observer.training().on_step(report);
}

void Worker::on_epoch(const train::EpochReport& report) {
  place_.observer.training().on_epoch(report);
}

}  // namespace svhn::tune
