#pragma once
/// A parallel for loop over threads.

#include <cstdint>
#include <functional>

namespace svhn::data {

/// Calls `work(i)` once for every i in [0, count), from several threads, in no particular order; returns when
/// all calls are done. After the first exception (by time) no further calls start, and it is rethrown here.
/// @param work must write only to memory that belongs to its i.
/// @param threads number of threads; 0: one per processor.
void parallel_for(std::int64_t count, unsigned threads, const std::function<void(std::int64_t)>& work);

}  // namespace svhn::data
