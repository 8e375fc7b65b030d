#pragma once
/// How the commands speak: results on stdout, everything else on stderr.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/options.h"
#include "core/error.h"

namespace svhn::cli {

/// Sets up the logger on stderr: `--quiet` keeps warnings and errors, `--log-level` chooses otherwise.
/// @throws core::Error(usage) for an unknown level.
void set_up_logging(const GlobalOptions& global);

/// Prints "svhn: error: …" and "hint: …" on stderr; of the processes of `--nproc` only the first that fails
/// does, see core::may_report_failure, and the launcher rather than the others. @returns the exit code.
int report_error(const core::Error& error);
void report_failure(const std::string& message);

void print_json(const nlohmann::ordered_json& document);
/// @throws core::Error(data) when stdout cannot be written (a full disk, a closed pipe).
void print_text(const std::string& text);

/// @returns whether stderr is a terminal that may be redrawn.
bool stderr_is_terminal();
/// @returns whether colours are welcome: a terminal and no NO_COLOR. @see https://no-color.org
bool colours_welcome();

}  // namespace svhn::cli
