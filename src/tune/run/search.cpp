#include "tune/run/search.h"

#include <ATen/Parallel.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/signals.h"
#include "data/fingerprint.h"
#include "tune/run/trial_journal.h"
#include "tune/run/trial_queue.h"
#include "tune/run/worker.h"

namespace svhn::tune {
namespace {

using core::Error;
using core::ExitCode;

/// How long a shared file system may show an old state of the folder.
constexpr std::chrono::milliseconds kPatience{5000};

const TuneOptions& checked(const SearchConfig& config) {
  check_search(config);
  return config.tune;
}

}  // namespace

struct Search::Impl {
  SearchRequest request;
  TrialPlan plan;
  TrialQueue queue;
  TrialJournal journal;
  TrialRunner runner;
  std::string fingerprint;

  explicit Impl(SearchRequest r)
      : request(std::move(r)),
        plan(checked(request.config)),
        queue(request.store),
        journal(request.config, TuneFiles(request.output, request.config.base.name), existing()),
        runner(request.config, journal.files(), request.device),
        fingerprint(data::data_identity(runner.data())) {
    if (queue.leads()) read();
  }

  /// Only rank 0 decides about existing files; for the others the search is a resumed one.
  [[nodiscard]] train::ExistingRun existing() const {
    return queue.leads() ? request.existing : train::ExistingRun::resume;
  }

  /// Reads the records round by round, as a round is known by those of the rounds before.
  void read() {
    journal.read(fingerprint, plan.trials(), runner.data().synthetic());
    while (plan.extend([this](std::int64_t id) { return journal.find(id); })) {
      journal.read_records(std::span(plan.trials()).subspan(plan.round_begin()));
    }
  }

  /// Everything that the score of a trial depends on.
  [[nodiscard]] nlohmann::ordered_json terms() const {
    auto terms = search_identity(request.config, fingerprint);
    terms["threads"] = at::get_num_threads();
    terms["device"] = at::DeviceTypeName(request.device.type(), true);
    terms["precision"] = kernels::precision_name(kernels::automatic_precision(request.device));
    return terms;
  }

  /// Rank 0 starts to write; the others read what it has written.
  void open(SearchLock& lock) {
    const auto& files = journal.files();
    if (queue.leads()) {
      lock_search(lock, files);
      journal.open(fingerprint, at::get_num_threads());
      for (const auto& trial : plan.trials()) {
        if (journal.find(trial.id) != nullptr) runner.cleanup(trial);
      }
      if (!queue.alone()) start_handshake(queue, files, terms());
    } else {
      check_locks(lock, files);
      read();
    }
  }

  void run(SearchObserver& observer) {
    const auto& files = journal.files();
    if (!queue.leads()) join_handshake(queue, files, terms(), kPatience);
    SearchLock lock(files.lock, queue.alone() ? SearchLock::Need::best_effort : SearchLock::Need::locks);
    open(lock);
    if (queue.leads() && !lock.effective()) observer.on_unlocked();
    Worker({request.config, plan, runner, queue, journal, lock, observer}).run();
    if (queue.leads()) journal.write_results();
  }
};

Search::Search(SearchRequest request) : impl_(std::make_unique<Impl>(std::move(request))) {}
Search::~Search() = default;

metric::TuningResult Search::run(SearchObserver& observer) {
  Impl& impl = *impl_;
  try {
    impl.run(observer);
  } catch (const core::Interrupted& stop) {
    impl.queue.stop(stop.signal());
    throw;
  }
  return impl.journal.result();
}

std::size_t Search::trials() const {
  return impl_->plan.size();
}
const TuneFiles& Search::files() const {
  return impl_->journal.files();
}
const TrialRunner& Search::runner() const {
  return impl_->runner;
}
std::size_t Search::recorded() const {
  return impl_->journal.size();
}
bool Search::resumed() const {
  return impl_->journal.resumed();
}
int Search::former_threads() const {
  return impl_->journal.former_threads();
}

}  // namespace svhn::tune
