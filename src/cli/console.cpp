#include "cli/console.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "core/launch.h"
#include "core/mappings.h"

namespace svhn::cli {
namespace {

constexpr std::size_t kMaxMessage = 10'000;

/// The message of a log line, which may name what files hold.
class PrintableMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& out) override {
    const std::string text = core::printable({message.payload.data(), message.payload.size()}, kMaxMessage);
    out.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<PrintableMessage>();
  }
};

std::string error_line(const std::string& message) {
  return "svhn: error: " + core::printable(message, kMaxMessage) + "\n";
}

}  // namespace

void set_up_logging(const GlobalOptions& global) {
  const auto level = spdlog::level::from_str(global.log_level);
  if (level == spdlog::level::off && global.log_level != "off") {
    throw core::Error(core::ExitCode::usage, "--log-level is '" + global.log_level + "'",
                      "use trace, debug, info, warning, error, critical or off");
  }
  const auto colours = use_colours() ? spdlog::color_mode::automatic : spdlog::color_mode::never;
  auto logger = std::make_shared<spdlog::logger>(
      "svhn", std::make_shared<spdlog::sinks::stderr_color_sink_mt>(colours));
  auto format = std::make_unique<spdlog::pattern_formatter>();
  format->add_flag<PrintableMessage>('*').set_pattern("%^%*%$");
  logger->set_formatter(std::move(format));
  logger->set_level(global.quiet ? std::max(level, spdlog::level::warn) : level);
  spdlog::set_default_logger(logger);
}

int report_error(const core::Error& error) {
  std::string text = error_line(error.what());
  if (!error.hint().empty()) text += "hint: " + core::printable(error.hint(), kMaxMessage) + "\n";
  // Other processes notice a death at once, by a closed connection. The launcher can say which signal was the
  // cause, so let it report first.
  const bool launcher_reports =
      error.code() == core::ExitCode::device && std::getenv("LOCAL_RANK") != nullptr;
  const auto delay = launcher_reports ? std::chrono::milliseconds(2000) : std::chrono::milliseconds(0);
  if (core::may_report_failure(delay)) std::fputs(text.c_str(), stderr);
  return static_cast<int>(error.code());
}

void report_failure(const std::string& message) {
  if (core::may_report_failure()) std::fputs(error_line(message).c_str(), stderr);
}

void print_bytes(std::string_view bytes) {
  core::check_mappings();
  const bool whole = std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size();
  if (whole && std::fflush(stdout) == 0) return;
  throw core::Error(core::ExitCode::data, "cannot write to the standard output",
                    "check the disk's free space and the reader of the pipe");
}

void print_text(const std::string& text) {
  print_bytes(core::printable_lines(text));
}

void print_summary(const GlobalOptions& global, const std::string& text) {
  if (!global.quiet) print_text(text);
}

void print_json(const nlohmann::ordered_json& document) {
  print_bytes(core::json_text(document));
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
