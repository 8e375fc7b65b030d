#pragma once
/// CLI11, and what the options of several commands share.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.h"

namespace svhn::cli {

inline constexpr std::int64_t kMostRows = 10'000'000;  ///< Of a data set: 31 GB of pixels.

/// Refuses negative numbers: CLI11 2.1 reads -1 as a huge unsigned number without complaint.
/// @returns the reason, or "".
std::string refuse_negative(const std::string& text);

/// The type that the help shows for a path, and by which `guard_paths` finds it.
constexpr const char* path_type(PathUse use) {
  if (use == PathUse::input) return "INPUT";
  if (use == PathUse::folder) return "FOLDER";
  return use == PathUse::text ? "OUTPUT-TEXT" : "OUTPUT";
}

/// Adds an option that takes a path.
template <PathUse use>
CLI::Option* add_path(CLI::App& command, const std::string& name, PathOption<use>& field,
                      const std::string& description) {
  std::filesystem::path& path = field;
  return command.add_option(name, path, description)->type_name(path_type(use));
}

/// Adds an option that takes a path or is left out.
template <PathUse use>
CLI::Option* add_path(CLI::App& command, const std::string& name, std::optional<PathOption<use>>& field,
                      const std::string& description) {
  const auto set = [&field](const std::string& text) { field = PathOption<use>::of(text); };
  return command.add_option_function<std::string>(name, set, description)->type_name(path_type(use));
}

/// Adds an option that takes several paths.
template <PathUse use>
CLI::Option* add_path(CLI::App& command, const std::string& name, std::vector<PathOption<use>>& field,
                      const std::string& description) {
  const auto set = [&field](const std::vector<std::string>& texts) {
    field.clear();
    for (const std::string& text : texts) field.push_back(PathOption<use>::of(text));
  };
  return command.add_option_function<std::vector<std::string>>(name, set, description)
      ->type_name(path_type(use));
}

/// Hands the paths of a parsed command to core::guard_inputs. @throws core::Error(usage) as it does, and for
/// a device or a pipe in place of a file.
void guard_paths(const CLI::App& command);

/// Adds the options of commands that can run as several processes.
void add_process_options(CLI::App& command, ProcessOptions& options);

}  // namespace svhn::cli
