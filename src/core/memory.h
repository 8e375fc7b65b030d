#pragma once
/// Memory that is limited or used up.

#include <cstdint>
#include <exception>
#include <optional>

#include "core/error.h"

namespace svhn::core {

/// @returns the limit of this process' address space or of its data (`ulimit -v`, `ulimit -d`), the lower
/// one, in bytes; nothing without a limit.
std::optional<std::uint64_t> memory_limit();

/// @returns whether an exception says that memory is used up: std::bad_alloc, or LibTorch's, which has no
/// type of its own.
bool is_out_of_memory(const std::exception& error);

/// @returns the error for such an exception.
Error out_of_memory();

}  // namespace svhn::core
