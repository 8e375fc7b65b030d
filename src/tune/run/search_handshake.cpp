#include "tune/run/search_handshake.h"

#include <nlohmann/json.hpp>
#include <thread>

#include "core/error.h"
#include "core/json.h"
#include "tune/run/trial_journal.h"

namespace svhn::tune {
namespace {

using core::Error;
using core::ExitCode;
using nlohmann::json;
using std::chrono::milliseconds;
using Json = nlohmann::ordered_json;

std::string rank_text(const TrialQueue& queue) {
  return "rank " + std::to_string(queue.rank());
}

/// @returns the text up to the end of its first line.
std::string first_line(const std::string& text) {
  return core::printable(text.substr(0, text.find('\n')));
}

bool sees(const TuneFiles& files, const std::string& signature, milliseconds patience) {
  constexpr milliseconds kPause{50};
  for (milliseconds waited{0};; waited += kPause) {
    if (read_signature(files.lock) == signature) return true;
    if (waited >= patience) return false;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace

void take_search(SearchLock& lock, const TuneFiles& files) {
  if (lock.try_take(SearchLock::kSearch)) {
    lock.sign(make_signature());
    return;
  }
  throw Error(
      ExitCode::usage,
      "'" + files.folder.string() + "' is being searched by " + first_line(read_signature(files.lock)),
      "wait for it or end it, or choose another --output");
}

void start_handshake(TrialQueue& queue, const TuneFiles& files, const Json& terms) {
  queue.state(Json{{"terms", terms}, {"signature", read_signature(files.lock)}}.dump());
}

void join_handshake(TrialQueue& queue, const TuneFiles& files, const Json& terms, milliseconds patience) {
  const json said = core::parse_json_strict(queue.statement(), "what rank 0 says", ExitCode::bug);
  if (const auto difference = find_difference(said.at("terms"), json::parse(terms.dump()))) {
    throw Error(ExitCode::usage,
                rank_text(queue) + " has " + difference->pointer + " = " + difference->after +
                    ", rank 0 has " + difference->before,
                "give all processes the same config, data, --threads, --precision and --device");
  }
  if (sees(files, said.at("signature").get<std::string>(), patience)) return;
  throw Error(ExitCode::usage,
              rank_text(queue) + " does not find rank 0's search in '" + files.folder.string() + "'",
              "give all processes the same --output, in a folder that their machines share");
}

void check_locks(SearchLock& lock, const TuneFiles& files) {
  if (!lock.try_take(SearchLock::kSearch)) return;
  throw Error(
      ExitCode::data, "'" + files.lock.string() + "' is locked by rank 0, which cannot be seen from here",
      "several machines need an --output on a file system with common locks (NFS: without 'nolock' and "
      "'local_lock')");
}

}  // namespace svhn::tune
