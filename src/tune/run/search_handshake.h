#pragma once
/// The start of a search by several processes: all must mean the same search, on the same data, in the same
/// folder, and compute alike.

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tune/run/trial_queue.h"
#include "tune/search_lock.h"
#include "tune/tune_files.h"

namespace svhn::tune {

/// Takes the search for this process, or for those that it leads.
/// @throws core::Error(usage) when another one works on it at this moment.
void take_search(SearchLock& lock, const TuneFiles& files);

/// Rank 0, once everything is ready: tells the others what this process searches and how it computes.
/// @param terms equal on all ranks.
void start_handshake(TrialQueue& queue, const TuneFiles& files, const nlohmann::ordered_json& terms);

/// The others: waits for rank 0. @param patience how long another machine may take to see a new file.
/// @throws core::Error(usage) naming what is different here: a term, or the folder.
void join_handshake(TrialQueue& queue, const TuneFiles& files, const nlohmann::ordered_json& terms,
                    std::chrono::milliseconds patience);

/// The others: @throws core::Error(data) when rank 0's lock cannot be seen from here.
void check_locks(SearchLock& lock, const TuneFiles& files);

}  // namespace svhn::tune
