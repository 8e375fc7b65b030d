#pragma once
/// Whether the engine can run within the limits on memory.

#include <functional>

namespace svhn::cli {

/// Does nothing without a limit (`ulimit -v`, `ulimit -d`). Under one, the engine is tried first in a process
/// of its own: libraries that get too little memory abort while they are loaded, or ask for it again and
/// again without an end.
/// @param probe loads the engine and allocates what it needs; returns 0 when it got along.
/// @throws core::Error(device) when the engine does not get along.
void probe_engine(const std::function<int()>& probe);

}  // namespace svhn::cli
