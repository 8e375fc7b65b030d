#include "tune/run/worker.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/clock.h"
#include "core/json.h"
#include "core/signals.h"

namespace svhn::tune {
namespace {

using core::Error;
using core::ExitCode;
using metric::TrialResult;
using metric::TrialStatus;
using std::chrono::milliseconds;
using Json = nlohmann::ordered_json;

constexpr milliseconds kIdleSleep{50};
constexpr milliseconds kCheckInterval{1000};
constexpr milliseconds kSilentWait{2000};

/// Thrown when another process has taken over the current trial.
struct OwnershipLost {};

std::string message_text(const std::string& rung, const TrialResult& result) {
  return Json{{"round", rung}, {"trial", metric::trial_json(result, metric::TuningDetail::full)}}.dump();
}

}  // namespace

Worker::Worker(const SearchContext& context) : context_(context), scheduler_(make_scheduler()) {}

/// @returns the scheduler of the last round that is known.
TrialScheduler Worker::make_scheduler() const {
  const TrialPlan& plan = context_.plan;
  const std::string name = plan.round() == 0 ? "" : "round " + std::to_string(plan.round()) + " ";
  return {options(), context_.search.base.train.epochs, TrialRound{name, plan.round_begin(), trials().size()},
          [this](std::size_t trial) { return context_.journal.find(trials()[trial].id); }};
}

void Worker::run() {
  while (true) {
    poll_messages();
    if (scheduler_.open().empty()) {
      if (!start_round()) return;
    } else if (const auto job = next_job()) {
      idle_since_.reset();
      work(*job);
    } else if (!scheduler_.open().empty()) {
      wait();
    }
  }
}

/// @returns false when the search has ended.
bool Worker::start_round() {
  if (!context_.plan.extend([this](std::int64_t id) { return context_.journal.find(id); })) return false;
  scheduler_ = make_scheduler();
  return true;
}

/// Takes the next trial of the queue; when the queue is empty, a trial that a dead process has left.
std::optional<Worker::Job> Worker::next_job() {
  const auto rungs = scheduler_.open();  // A copy, as try_own() may end rungs.
  for (const Rung& rung : rungs) {
    while (const auto trial = next_trial(rung)) {
      if (try_own(rung, *trial)) return Job{rung.name, rung.epochs, *trial};
    }
  }
  for (const Rung& rung : rungs) {
    for (const std::size_t trial : rung.trials) {
      if (try_own(rung, trial)) return Job{rung.name, rung.epochs, trial};
    }
  }
  return std::nullopt;
}

std::optional<std::size_t> Worker::next_trial(const Rung& rung) {
  if (exhausted_.contains(rung.name)) return std::nullopt;
  const auto index = static_cast<std::size_t>(context_.queue.next_index(rung.name));
  if (index < rung.trials.size()) return rung.trials[index];
  exhausted_.insert(rung.name);
  return std::nullopt;
}

bool Worker::try_own(const Rung& rung, std::size_t trial) {
  const std::int64_t id = trials()[trial].id;
  if (!scheduler_.pending(rung.name, trial) || held_.contains(id) || !context_.lock.try_lock(id))
    return false;
  // The last owner has published its result before unlocking, or has died.
  poll_messages();
  if (scheduler_.pending(rung.name, trial)) {
    if (const auto record = context_.journal.read_again(trials()[trial])) {
      context_.queue.publish(message_text({}, *record));
      add_result(*record);
    }
  }
  if (scheduler_.pending(rung.name, trial)) {
    context_.queue.own(id);
    return true;
  }
  context_.lock.unlock(id);
  return false;
}

void Worker::wait() {
  if (const int signal = core::stop_signal()) {
    throw core::Interrupted(signal, "stopped by signal " + std::to_string(signal) + "; resume with --resume");
  }
  if (!idle_since_) idle_since_ = core::Clock::now();
  check_processes();
  report_waiting();
  std::this_thread::sleep_for(kIdleSleep);
}

/// Reports trials whose lock is held by a process that is stopped or runs another search: the user must act.
void Worker::report_waiting() {
  if (!context_.queue.leads() || core::Clock::now() - *idle_since_ < kSilentWait) return;
  for (const Rung& rung : scheduler_.open()) {
    for (const std::size_t trial : rung.trials) {
      const Trial& pending = trials()[trial];
      if (!scheduler_.pending(rung.name, trial) || held_.contains(pending.id) ||
          reported_.contains(pending.id) || context_.queue.has_owner(pending.id)) {
        continue;
      }
      reported_.insert(pending.id);
      context_.observer.on_waiting(pending);
    }
  }
}

void Worker::work(const Job& job) {
  const Trial& trial = trials()[job.trial];
  current_ = &trial;
  try {
    if (job.epochs) {
      run_to_rung(job);
    } else {
      run_to_end(trial);
    }
  } catch (const OwnershipLost&) {
    // The new owner publishes the result.
  }
  current_ = nullptr;
  if (!held_.contains(trial.id)) context_.lock.unlock(trial.id);
}

TrialProgress Worker::run_trial(const Trial& trial, const TrialPause& pause, bool pause_ends_trial) {
  TrialWork work;
  work.runner = &context_.runner;
  work.training = this;
  work.on_run = [&](std::int64_t run) { context_.observer.on_run(trial, run, context_.runner.runs()); };
  work.check_search = [&] { context_.queue.check_failure(); };
  work.pause = [&](const TrialProgress& so_far) {
    check_ownership();
    return pause(so_far);
  };
  work.pause_ends_trial = pause_ends_trial;
  return svhn::tune::run_trial(trial, work);
}

void Worker::run_to_rung(const Job& job) {
  const Trial& trial = trials()[job.trial];
  const auto epochs = static_cast<std::size_t>(*job.epochs);
  const auto tried = run_trial(
      trial, [&](const TrialProgress& so_far) { return so_far.runs.back().epochs() >= epochs; }, false);
  const TrialResult result = result_of(options(), trial, tried);
  if (result.status == TrialStatus::failed) {
    finish_trial(result);
    return;
  }
  context_.queue.publish(message_text(job.rung, result));
  scheduler_.put(job.rung, job.trial, result);
}

/// Runs a trial to its end, or until the median rule stops it.
void Worker::run_to_end(const Trial& trial) {
  const auto tried = run_trial(
      trial, [&](const TrialProgress& so_far) { return median_rule() && will_stop(trial, so_far); }, true);
  if (median_rule()) {
    held_[trial.id] = tried;
    finish_held();
  } else {
    finish_trial(result_of(options(), trial, tried));
  }
}

bool Worker::median_rule() const {
  return options().stopping && options().stopping->type == StoppingType::median;
}

bool Worker::will_stop(const Trial& trial, const TrialProgress& progress) const {
  const auto completed = completed_before(trial.id);
  const std::size_t running = running_before(trial.id);
  const auto rule = [&](std::span<const double> curve) {
    return median_rule_will_stop(curve, completed, running, *options().stopping,
                                 maximised(options().objective));
  };
  return find_end(progress, options().objective, rule).has_value();
}

/// Applies the median rule to trials in their order, each compared with the earlier ones only, as if they had
/// run one after the other.
void Worker::finish_held() {
  while (!held_.empty() && running_before(held_.begin()->first) == 0) {
    const auto& [id, progress] = *held_.begin();
    const Trial& trial = trials()[static_cast<std::size_t>(id - 1)];
    const auto completed = completed_before(id);
    const auto end = find_end(progress, options().objective, [&](std::span<const double> curve) {
      return median_rule_stops(curve, completed, *options().stopping, maximised(options().objective));
    });
    finish_trial(end ? stopped_result(options(), trial, progress, *end,
                                      "worse than the median of " + std::to_string(completed.size()) +
                                          " completed trials")
                     : result_of(options(), trial, progress));
    context_.lock.unlock(id);
    held_.erase(held_.begin());
  }
}

std::vector<std::vector<double>> Worker::completed_before(std::int64_t id) const {
  std::vector<std::vector<double>> curves;
  for (const auto& trial : trials()) {
    const TrialResult* record = trial.id < id ? context_.journal.find(trial.id) : nullptr;
    if (record != nullptr && record->status == TrialStatus::completed) curves.push_back(record->curve);
  }
  return curves;
}

std::size_t Worker::running_before(std::int64_t id) const {
  return static_cast<std::size_t>(std::ranges::count_if(trials(), [&](const Trial& trial) {
    return trial.id < id && context_.journal.find(trial.id) == nullptr;
  }));
}

void Worker::poll_messages() {
  context_.queue.check_failure();
  for (const auto& message : context_.queue.poll()) handle_message(message);
  finish_held();
  for (const auto& dropped : scheduler_.settle()) {
    if (context_.queue.leads()) {
      context_.journal.write(dropped);
      context_.runner.cleanup(trials()[static_cast<std::size_t>(dropped.id - 1)]);
    }
    add_result(dropped);
  }
}

void Worker::handle_message(const std::string& message) {
  const std::string source = "another process's message";
  const auto document = core::parse_json_strict(message, source, ExitCode::bug);
  const TrialResult result = metric::trial_from_json(document.at("trial"), source);
  const auto trial = static_cast<std::size_t>(result.id - 1);
  if (trial >= context_.plan.size()) throw Error(ExitCode::bug, source + " is of no trial of this search");
  const std::string rung = document.at("round");
  if (rung.empty()) {
    add_result(result);
  } else {
    scheduler_.put(rung, trial, result);
  }
}

/// Stores and publishes the result of a trial that has ended in this process.
void Worker::finish_trial(const TrialResult& result) {
  context_.journal.write(result);
  context_.queue.publish(message_text({}, result));
  context_.runner.cleanup(trials()[static_cast<std::size_t>(result.id - 1)]);
  add_result(result);
}

void Worker::add_result(const TrialResult& result) {
  if (context_.journal.find(result.id) != nullptr) return;
  context_.journal.add_result(result);
  if (!context_.queue.leads()) return;
  context_.journal.write_results();
  const auto all = context_.journal.result();
  const auto* best = metric::best_trial(all);
  context_.observer.on_result(result, best != nullptr && best->id == result.id);
}

/// Checks for failures, stop signals and lost processes; limited in rate, as each check costs requests to the
/// store.
void Worker::check_processes() {
  context_.queue.check_failure();
  if (context_.queue.alone() || core::Clock::now() < next_check_) return;
  next_check_ = core::Clock::now() + kCheckInterval;
  context_.queue.obey_stop();
  for (const int rank : context_.queue.newly_lost()) {
    if (context_.queue.leads()) context_.observer.on_lost(rank);
  }
  if (current_ != nullptr) check_ownership();
}

void Worker::check_ownership() {
  if (context_.queue.alone()) return;
  poll_messages();
  if (!context_.queue.owns(current_->id)) throw OwnershipLost();
}

void Worker::on_step(const train::StepReport& report) {
  check_processes();
  context_.observer.training().on_step(report);
}

void Worker::on_epoch(const train::EpochReport& report) {
  context_.observer.training().on_epoch(report);
}

}  // namespace svhn::tune
