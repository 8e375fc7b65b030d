#include "tune/run/trial_work.h"

#include <new>

#include "core/error.h"
#include "core/signals.h"

namespace svhn::tune {
namespace {

using core::Error;
using core::ExitCode;

/// @returns whether the run paused.
bool attempt_run(const Trial& trial, std::int64_t run, const TrialWork& work, TrialProgress& attempt) {
  bool paused = false;
  attempt.last_ended = false;
  attempt.runs.emplace_back();
  const RunPause pause = [&](const metric::History& history) {
    attempt.runs.back() = history;
    paused = work.pause(attempt);
    return paused;
  };
  try {
    attempt.runs.back() = work.runner->advance(trial, run, pause, *work.training);
    attempt.last_ended = !paused;
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
  if (!attempt.failure.empty()) work.check_search();
  return paused;
}

}  // namespace

TrialProgress attempt_trial(const Trial& trial, const TrialWork& work) {
  TrialProgress attempt;
  for (std::int64_t run = 0; run < work.runner->runs(); ++run) {
    work.on_run(run);
    const bool paused = attempt_run(trial, run, work, attempt);
    if (!attempt.failure.empty() || (paused && work.pause_ends_trial)) break;
  }
  return attempt;
}

}  // namespace svhn::tune
