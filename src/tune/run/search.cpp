#include "tune/run/search.h"

#include <ATen/Parallel.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/signals.h"
#include "tune/run/search_handshake.h"
#include "tune/run/trial_journal.h"
#include "tune/run/trial_queue.h"
#include "tune/run/worker.h"

namespace svhn::tune {
namespace {

using core::Error;
using core::ExitCode;

/// How long a file system that machines share may show an old folder.
constexpr std::chrono::milliseconds kPatience{5000};

}  // namespace

struct Search::Impl {
  SearchRequest request;
  std::vector<Trial> trials;
  Team team;
  Ledger ledger;
  Runner runner;
  std::string fingerprint;

  explicit Impl(SearchRequest r)
      : request(std::move(r)),
        trials(check_search(request.config)),
        team(request.store),
        ledger(request.config, TuneFiles(request.output, request.config.base.name), existing()),
        runner(request.config, ledger.files(), request.device),
        fingerprint(train::data_fingerprint(runner.data())) {
    if (team.leads()) read();
  }

  /// Only rank 0 looks at what was there before: to the others it is a search that goes on.
  [[nodiscard]] train::ExistingRun existing() const {
    return team.leads() ? request.existing : train::ExistingRun::resume;
  }

  void read() { ledger.read(fingerprint, trials, runner.data().synthetic()); }

  /// Whatever a trial's score depends on.
  [[nodiscard]] nlohmann::ordered_json terms() const {
    auto terms = search_identity(request.config, fingerprint);
    terms["threads"] = at::get_num_threads();
    terms["device"] = at::DeviceTypeName(request.device.type(), true);
    terms["precision"] = kernels::precision_name(kernels::automatic_precision(request.device));
    return terms;
  }

  /// Begins to write, or joins rank 0, which has.
  void open(SearchLock& lock) {
    const auto& files = ledger.files();
    if (team.leads()) {
      take_search(lock, files);
      ledger.open(fingerprint, at::get_num_threads());
      for (const auto& trial : trials) {
        if (ledger.find(trial.id) != nullptr) runner.tidy(trial);
      }
      if (!team.alone()) invite(team, files, terms());
    } else {
      check_locks(lock, files);
      read();
    }
  }

  void run(SearchObserver& observer) {
    const auto& files = ledger.files();
    if (!team.leads()) accept(team, files, terms(), kPatience);
    SearchLock lock(files.lock, team.alone() ? SearchLock::Need::best_effort : SearchLock::Need::locks);
    open(lock);
    Worker({request.config, trials, runner, team, ledger, lock, observer}).run();
    if (team.leads()) ledger.write_results();
  }
};

Search::Search(SearchRequest request) : impl_(std::make_unique<Impl>(std::move(request))) {}
Search::~Search() = default;

metric::TuningResult Search::run(SearchObserver& observer) {
  Impl& impl = *impl_;
  try {
    impl.run(observer);
  } catch (const core::Interrupted& stop) {
    impl.team.stop(stop.signal());
    throw;
  }
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
int Search::former_threads() const {
  return impl_->ledger.former_threads();
}

}  // namespace svhn::tune
