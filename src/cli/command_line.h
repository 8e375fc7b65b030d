#pragma once
/// CLI11, and what the options of several commands share.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/hints.h"
#include "cli/options.h"

namespace svhn::cli {

inline constexpr std::int64_t kMostRows = 10'000'000;  ///< Of a data set: 31 GB of pixels.

/// Refuses negative numbers: CLI11 2.1 reads -1 as a huge unsigned number without complaint.
/// @returns the reason, or "".
std::string refuse_negative(const std::string& text);

/// @returns the path of the standard input for "-", else the text.
std::string name_standard_input(const std::string& text);
/// @returns the path of the model that a run is to be used by: for its folder, or its model's path without
/// the ending, that of its best epoch, else of its last; for the name or path of a model that comes with the
/// program (`demo`, `models/demo.safetensors`) and of which there is none here, that one; any other text as
/// it is.
std::string find_model(const std::string& text);
/// @returns configs/NAME.json of the working directory for the name of a config, else the one that comes with
/// the program, also for its path `configs/NAME.json`; any other text as it is.
std::string find_config(const std::string& text);
/// For `transform`: lets a run folder stand for its model, as find_model does.
CLI::Validator model_path();
/// For `transform`: lets the name of a config stand for its file, as find_config does.
CLI::Validator config_path();
/// @returns the names that find_config knows, sorted.
std::vector<std::string> config_names();
/// @returns the names of the models that come with the program, which find_model knows, sorted.
std::vector<std::string> model_names();

/// The type that the help shows for a path, and by which `guard_paths` finds it.
constexpr const char* path_type(PathUse use) {
  if (use == PathUse::input) return "INPUT";
  if (use == PathUse::folder) return "FOLDER";
  return use == PathUse::text ? "OUTPUT-TEXT" : "OUTPUT";
}

/// Lets '-' stand for the standard input where a path is read. @returns the option.
template <PathUse use>
CLI::Option* typed(CLI::Option* option) {
  if (use == PathUse::input) option->transform(name_standard_input);
  return option->type_name(path_type(use));
}

/// Adds an option that takes a path.
template <PathUse use>
CLI::Option* add_path(CLI::App& command, const std::string& name, PathOption<use>& field,
                      const std::string& description) {
  std::filesystem::path& path = field;
  return typed<use>(command.add_option(name, path, description));
}

/// Adds an option that takes a path or is left out.
template <PathUse use>
CLI::Option* add_path(CLI::App& command, const std::string& name, std::optional<PathOption<use>>& field,
                      const std::string& description) {
  const auto set = [&field](const std::string& text) { field = PathOption<use>::of(text); };
  return typed<use>(command.add_option_function<std::string>(name, set, description));
}

/// Adds an option that takes several paths.
template <PathUse use>
CLI::Option* add_path(CLI::App& command, const std::string& name, std::vector<PathOption<use>>& field,
                      const std::string& description) {
  const auto set = [&field](const std::vector<std::string>& texts) {
    field.clear();
    for (const std::string& text : texts) field.push_back(PathOption<use>::of(text));
  };
  return typed<use>(command.add_option_function<std::vector<std::string>>(name, set, description));
}

/// Allows the pipes among the inputs of a parsed command, and hands its paths to core::guard_inputs. @throws
/// core::Error(usage) as it does, and for a device or a pipe in place of a file.
void guard_paths(const CLI::App& command);

/// Adds the options of commands that can run as several processes.
void add_process_options(CLI::App& command, ProcessOptions& options);

}  // namespace svhn::cli
