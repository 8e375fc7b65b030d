#pragma once
/// Whether the engine can run within the limits on memory.

#include <filesystem>

namespace svhn::cli {

/// Does nothing without a limit (`ulimit -v`, `ulimit -d`). Under one, `svhn-engine --probe` runs first in a
/// process of its own: libraries that get too little memory abort before `main`, or ask for it again and
/// again without an end.
/// @param threads `--threads`. @param processes `--nproc`; each process has a limit of its own.
/// @throws core::Error(device) when the engine does not get along.
void probe_engine(const std::filesystem::path& engine, int threads, int processes);

}  // namespace svhn::cli
