#include "cli/app.h"

#include <exception>
#include <new>
#include <optional>

#include "cli/command_line.h"
#include "cli/console.h"
#include "core/build_info.h"
#include "core/fields_json.h"
#include "core/json.h"
#include "core/signals.h"

namespace svhn::cli {
namespace {

using core::Error;
using core::ExitCode;

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
  for (const CLI::App* command : last->get_subcommands({})) known.push_back(command->get_name());
  if (known.empty() || words.empty() || words.front().starts_with("-")) return std::nullopt;
  const std::vector<std::string_view> names(known.begin(), known.end());
  const std::string near(core::nearest_name(words.front(), names));
  return Error(ExitCode::usage, "unknown command '" + core::printable(words.front()) + "'",
               near.empty() ? "see " + path + "--help" : "did you mean '" + path + near + "'?");
}

/// CLI11's message on one line, without its class names.
Error usage_error(const CLI::ParseError& error, const CLI::App& app) {
  if (const auto unknown = unknown_command(app)) return *unknown;
  std::string text = error.what();
  for (char& c : text) c = c == '\n' ? ' ' : c;
  const auto parsed = app.get_subcommands();
  const std::string command = parsed.empty() ? "" : " " + parsed.front()->get_name();
  return {ExitCode::usage, text, "see svhn" + command + " --help"};
}

int run_parsed(Arguments& arguments) {
  set_up_logging(arguments.global);
  return arguments.command();
}

/// Runs `body` and turns every exception into a message on stderr and an exit code.
int guarded(const std::function<int()>& body) {
  try {
    return body();
  } catch (const Error& error) {
    return report_error(error);
  } catch (const core::Interrupted& stop) {
    report_failure(stop.what());
    return 128 + stop.signal();
  } catch (const std::bad_alloc&) {
    return report_error({ExitCode::data, "out of memory", "use a smaller batch or less data"});
  } catch (const std::exception& error) {
    std::string text = error.what();
    return report_error({ExitCode::bug, "internal: " + text.substr(0, text.find('\n')),
                         "this is a defect of svhn; please report it"});
  }
}

}  // namespace

int run(int argc, const char* const* argv, const Engine& engine) {
  CLI::App app("svhn: train, evaluate and explain digit classifiers on Street View House Numbers", "svhn");
  app.set_version_flag("--version", "svhn " + core::version());
  app.footer(
      "Example:\n  svhn preprocess --synthetic 8000 --output data/svhn.safetensors\n  svhn train --config "
      "configs/smoke.json");
  app.require_subcommand(1);
  Arguments arguments;
  add_commands(app, arguments, engine);
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
      throw usage_error(error, app);
    }
    return run_parsed(arguments);
  });
}

}  // namespace svhn::cli
