#pragma once
/// Independent pieces of work spread over threads.

#include <cstdint>
#include <functional>

namespace svhn::data {

/// Calls `work(i)` once for every i in [0, count), from several threads, in no particular order; returns when
/// all are done. The first exception (by time) stops the hand-out of further work and is rethrown here.
/// @param work must write only to places that belong to its own i.
/// @param threads 0 means one for each processor.
void parallel_for(std::int64_t count, unsigned threads, const std::function<void(std::int64_t)>& work);

}  // namespace svhn::data
