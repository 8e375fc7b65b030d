#include "cli/console.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "core/launch.h"

namespace svhn::cli {

void set_up_logging(const GlobalOptions& global) {
  const auto level = spdlog::level::from_str(global.log_level);
  if (level == spdlog::level::off && global.log_level != "off") {
    throw core::Error(core::ExitCode::usage, "--log-level is '" + global.log_level + "'",
                      "use trace, debug, info, warning, error, critical or off");
  }
  auto logger = spdlog::stderr_color_mt(
      "svhn", use_colours() ? spdlog::color_mode::automatic : spdlog::color_mode::never);
  logger->set_pattern("%^%v%$");
  logger->set_level(global.quiet ? std::max(level, spdlog::level::warn) : level);
  spdlog::set_default_logger(logger);
}

int report_error(const core::Error& error) {
  std::string text = std::string("svhn: error: ") + error.what() + "\n";
  if (!error.hint().empty()) text += "hint: " + error.hint() + "\n";
  // Other processes notice a death at once, by a closed connection. The launcher can say which signal was the
  // cause, so let it report first.
  const bool launcher_reports =
      error.code() == core::ExitCode::device && std::getenv("LOCAL_RANK") != nullptr;
  const auto delay = launcher_reports ? std::chrono::milliseconds(2000) : std::chrono::milliseconds(0);
  if (core::may_report_failure(delay)) std::fputs(text.c_str(), stderr);
  return static_cast<int>(error.code());
}

void report_failure(const std::string& message) {
  if (core::may_report_failure()) std::fputs(("svhn: error: " + message + "\n").c_str(), stderr);
}

void print_text(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return;
  throw core::Error(core::ExitCode::data, "cannot write to the standard output",
                    "check the disk's free space and the reader of the pipe");
}

void print_json(const nlohmann::ordered_json& document) {
  print_text(core::json_text(document));
}

bool stderr_is_terminal() {
  const char* term = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) != 0 && term != nullptr && std::string(term) != "dumb";
}

bool use_colours() {
  const char* refused = std::getenv("NO_COLOR");
  return stderr_is_terminal() && (refused == nullptr || *refused == '\0');
}

}  // namespace svhn::cli
