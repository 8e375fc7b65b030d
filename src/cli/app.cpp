#include "cli/app.h"

#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <system_error>

#include "cli/console.h"
#include "cli/program.h"
#include "core/build_info.h"
#include "core/fields_json.h"
#include "core/json.h"
#include "core/mappings.h"
#include "core/memory.h"
#include "core/signals.h"

namespace svhn::cli {
namespace {

using core::Error;
using core::ExitCode;

constexpr std::size_t kLongestName = 4096;

/// @returns the error for a first argument that is not the name of a (sub)command; nothing if there is none.
std::optional<Error> unknown_command(const CLI::App& app) {
  const CLI::App* last = &app;
  std::string path = "svhn ";
  while (!last->get_subcommands().empty()) {
    last = last->get_subcommands().front();
    path += last->get_name() + " ";
  }
  const auto words = app.remaining(true);  // A subcommand returns unknown arguments to its parent.
  std::vector<std::string> known;
  for (const CLI::App* command : visible_commands(*last)) known.push_back(command->get_name());
  if (known.empty() || words.empty() || words.front().starts_with("-")) return std::nullopt;
  const std::vector<std::string_view> names(known.begin(), known.end());
  const std::string near(core::nearest_name(words.front(), names));
  return Error(ExitCode::usage, "unknown command '" + core::printable(words.front()) + "'",
               near.empty() ? "see " + path + "--help" : "did you mean '" + path + near + "'?");
}

/// @returns the error for an argument that names a file but begins like an option; nothing if there is none.
std::optional<Error> file_like_option(std::span<const char* const> arguments) {
  for (const std::string argument : arguments) {
    std::error_code error;
    if (argument.size() < 2 || argument[0] != '-' || !std::filesystem::exists(argument, error)) continue;
    const std::string name = core::printable(argument, kLongestName);
    return Error(ExitCode::usage, "'" + name + "' begins like an option", "name the file './" + name + "'");
  }
  return std::nullopt;
}

/// CLI11's message on one line, without its class names.
Error usage_error(const CLI::ParseError& error, const CLI::App& app, std::span<const char* const> arguments) {
  if (const auto unknown = unknown_command(app)) return *unknown;
  if (const auto file = file_like_option(arguments)) return *file;
  std::string text = error.what();
  for (char& c : text) c = c == '\n' ? ' ' : c;
  const auto parsed = app.get_subcommands();
  const std::string command = parsed.empty() ? "" : " " + parsed.front()->get_name();
  return {ExitCode::usage, text, "see svhn" + command + " --help"};
}

int run_parsed(const Action& command, const GlobalOptions& global) {
  set_up_logging(global);
  return command(global);
}

}  // namespace

Error describe(const std::exception& exception) {
  if (const auto* error = dynamic_cast<const Error*>(&exception)) return *error;
  if (core::is_out_of_memory(exception)) return core::out_of_memory();
  const auto* system = dynamic_cast<const std::system_error*>(&exception);
  if (system != nullptr && system->code() == std::errc::resource_unavailable_try_again) {
    return {ExitCode::device, "cannot start another thread",
            "use fewer --threads, or raise the limits (ulimit -u, ulimit -v)"};
  }
  const std::string text = exception.what();
  return {ExitCode::bug, "internal: " + text.substr(0, text.find('\n')),
          "this is a defect of svhn; please report it"};
}

namespace {

/// Runs `body` and turns every exception into a message on stderr and an exit code.
int guarded(const std::function<int()>& body) {
  try {
    return body();
  } catch (const core::Interrupted& stop) {
    report_failure(stop.what());
    return 128 + stop.signal();
  } catch (const std::exception& exception) {
    return report_error(describe(exception));
  }
}

/// An exception that nobody can catch, such as one of a library's thread, gives a message instead of an
/// abort.
[[noreturn]] void end_uncaught() {
  const auto exception = std::current_exception();
  const int code = guarded([&exception]() -> int {
    if (exception) std::rethrow_exception(exception);
    throw std::logic_error("ended without an exception");
  });
  std::_Exit(code);
}

}  // namespace

int run(int argc, const char* const* argv, const std::vector<Command>& commands) {
  std::set_terminate(end_uncaught);
  std::signal(SIGXFSZ, SIG_IGN);  // A file beyond `ulimit -f` is an error of its writer.
  core::watch_mappings();
  Program program(commands);
  CLI::App& app = program.app;
  return guarded([&] {
    try {
      app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
      print_text(app.help());
      return 0;
    } catch (const CLI::CallForVersion&) {
      print_text("svhn " + core::version() + "\n");
      return 0;
    } catch (const CLI::ParseError& error) {
      throw usage_error(error, app, std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
    }
    return run_parsed(program.chosen, program.global);
  });
}

}  // namespace svhn::cli
