#pragma once
/// Output of the commands: results on stdout, everything else on stderr. Names and texts of files may stand
/// in it: all goes through core::printable, so that no control character reaches a terminal.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "cli/options.h"
#include "core/error.h"

namespace svhn::cli {

/// Sets up the logger on stderr, at `--log-level`; `--quiet` keeps only warnings and errors.
/// @throws core::Error(usage) for an unknown level.
void set_up_logging(const GlobalOptions& global);

/// Prints "svhn: error: …" and "hint: …" on stderr. Of the processes of `--nproc` only the first that fails
/// prints, and the launcher takes precedence over the others. @see core::may_report_failure
/// @returns the exit code.
int report_error(const core::Error& error);
/// Prints "svhn: error: MESSAGE" on stderr, under the same rule.
void report_failure(const std::string& message);

/// Prints on stdout and flushes.
/// @throws core::Error(data) when that fails (a full disk, a closed pipe), or when an input was changed
/// meanwhile.
void print_text(const std::string& text);
/// Prints on stdout what a command has done, which its files hold, too; with `--quiet` nothing.
/// @throws core::Error(data) as print_text does.
void print_summary(const GlobalOptions& global, const std::string& text);
/// Prints bytes on stdout as they are, for a program that reads them. @throws core::Error(data) as print_text
/// does.
void print_bytes(std::string_view bytes);
/// Prints a JSON document on stdout. @throws core::Error(data) as print_text does.
void print_json(const nlohmann::ordered_json& document);

/// @returns whether stderr is a terminal on which lines can be redrawn.
bool stderr_is_terminal();
/// @returns whether to use colours: stderr is a terminal and NO_COLOR is not set. @see https://no-color.org
bool use_colours();

}  // namespace svhn::cli
