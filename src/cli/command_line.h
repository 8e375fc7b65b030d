#pragma once
/// CLI11, and what the options of several commands share.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdint>
#include <string>

#include "cli/options.h"

namespace svhn::cli {

inline constexpr std::int64_t kMostRows = 10'000'000;  ///< Of a data set: 31 GB of pixels.

/// Refuses negative numbers: CLI11 2.1 reads -1 as a huge unsigned number without complaint.
/// @returns the reason, or "".
std::string refuse_negative(const std::string& text);

/// Adds the options of commands that can run as several processes.
void add_process_options(CLI::App& command, ProcessOptions& options);

}  // namespace svhn::cli
