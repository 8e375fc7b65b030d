#include "cli/command_line.h"

#include <algorithm>
#include <set>

#include "core/file.h"
#include "core/input_guard.h"
#include "core/pipe.h"
#include "core/shipped.h"

namespace svhn::cli {

namespace fs = std::filesystem;

namespace {

std::vector<core::NamedPath> given_paths(const CLI::App& command, PathUse use) {
  std::vector<core::NamedPath> paths;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_type_name() != path_type(use)) continue;
    for (const std::string& text : option->results()) paths.push_back({option->get_name(), text});
  }
  return paths;
}

/// @returns whether a command has an option of a path that it writes.
bool writes(const CLI::App& command) {
  const auto options = command.get_options();
  return std::any_of(options.begin(), options.end(), [](const CLI::Option* option) {
    const std::string type = option->get_type_name();
    return type == path_type(PathUse::output) || type == path_type(PathUse::text) ||
           type == path_type(PathUse::folder);
  });
}

/// @returns whether a file of this name is text: a chart or learning curves.
bool is_text(const std::filesystem::path& path) {
  return path.extension() == ".svg" || path.extension() == ".json";
}

/// @returns the file of this folder and ending that comes with the program, by its name or path, else the
/// text.
std::string find_shipped(const std::string& text, const std::string& folder, const std::string& ending) {
  const std::string file = text + ending;
  for (const fs::path& name : {fs::path(text), fs::path(file), fs::path(folder) / file}) {
    if (const auto shipped = core::shipped_file(name)) return shipped->string();
  }
  return text;
}

/// @returns the names of the files with this ending, without it, sorted; "name.best" is not the name of one.
std::vector<std::string> names_in(const std::vector<fs::path>& folders, const std::string& ending) {
  std::set<std::string> names;
  for (const fs::path& folder : folders) {
    std::error_code error;
    fs::directory_iterator entry(folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      const fs::path name = entry->path().filename();
      if (name.extension() == ending && !name.stem().has_extension()) names.insert(name.stem().string());
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace

void guard_paths(const CLI::App& command) {
  for (const auto& input : given_paths(command, PathUse::input)) core::allow_pipe(input.path);
  if (!writes(command)) return;
  auto outputs = given_paths(command, PathUse::output);
  for (const auto& output : outputs) {
    if (!is_text(output.path)) core::refuse_stream(output.path);
  }
  const auto texts = given_paths(command, PathUse::text);
  outputs.insert(outputs.end(), texts.begin(), texts.end());
  core::guard_inputs(given_paths(command, PathUse::input), std::move(outputs));
}

std::string name_standard_input(const std::string& text) {
  return text == "-" ? "/dev/stdin" : text;
}

std::string find_model(const std::string& text) {
  std::error_code error;
  if (text.empty() || fs::is_regular_file(text, error)) return text;
  const fs::path given(text);
  const fs::path run = given.has_filename() ? given : given.parent_path();
  for (const char* ending : {".best.safetensors", ".safetensors"}) {
    if (std::string model = run.string() + ending; fs::is_regular_file(model, error)) return model;
  }
  return fs::exists(text, error) ? text : find_shipped(text, "models", ".safetensors");
}

std::string find_config(const std::string& text) {
  std::error_code error;
  if (fs::exists(text, error)) return text;
  const std::string config = "configs/" + text + ".json";
  const bool is_name = text.find('/') == std::string::npos;
  return is_name && fs::is_regular_file(config, error) ? config : find_shipped(text, "configs", ".json");
}

CLI::Validator model_path() {
  return transforming_hint(HintKind::model, find_model);
}

CLI::Validator config_path() {
  return transforming_hint(HintKind::config, find_config);
}

std::vector<std::string> config_names() {
  return names_in({"configs", core::shipped_folder() / "configs"}, ".json");
}

std::vector<std::string> model_names() {
  return names_in({core::shipped_folder() / "models"}, ".safetensors");
}

std::string refuse_negative(const std::string& text) {
  return text.starts_with('-') ? text + " is negative" : std::string();
}

void add_process_options(CLI::App& command, ProcessOptions& options) {
  constexpr int kMostProcesses = 256;
  constexpr double kLongest = 86'400.0;
  command
      .add_option("--nproc", options.count,
                  "Run N processes on this machine, each with its share of the threads")
      ->check(CLI::Range(1, kMostProcesses));
  command
      .add_option(
          "--bind", options.bind,
          "Address or interface of this machine on which processes on several machines meet (or SVHN_BIND)")
      ->type_name("ADDRESS");
  command
      .add_option("--timeout", options.timeout,
                  "Seconds after which a process that does not answer counts as lost")
      ->check(CLI::Range(1.0, kLongest))
      ->capture_default_str();
}

}  // namespace svhn::cli
