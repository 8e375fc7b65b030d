#include "cli/completion/completion.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/command_line.h"
#include "cli/completion/line.h"
#include "cli/completion/settings.h"
#include "cli/help.h"
#include "cli/program.h"
#include "core/json.h"
#include "model/model_file.h"
#include "tune/search_config.h"

namespace svhn::cli {
namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);  // A pipe would be waited for.
}

void add_words(Completion& answer, const std::vector<std::string>& words) {
  for (const std::string& word : words) answer.candidates.push_back({word});
}

/// @returns the config that the line names; null if it cannot be read.
nlohmann::json config_of(const Line& line) {
  const fs::path path = find_config(value_of(line, HintKind::config).value_or(""));
  if (!is_file(path)) return nullptr;
  try {
    return config::with_current_keys(core::read_json_file(path, core::ExitCode::config));
  } catch (const core::Error&) {
    return nullptr;
  }
}

/// @param typed what stands in the word so far.
void add_settings(Completion& answer, const Line& line, const std::string& typed) {
  Completion setting = complete_setting(typed, tune::document_schema(), config_of(line));
  answer.head += setting.head;
  answer.candidates = std::move(setting.candidates);
}

/// Adds the layers of the model that the line names.
void add_layers(Completion& answer, const Line& line) {
  const fs::path path = find_model(value_of(line, HintKind::model).value_or(""));
  if (!is_file(path)) return;
  try {
    const model::ModelFile model(path);
    for (const model::LayerSpan& layer : model.graph().layers)
      answer.candidates.push_back({layer.spec.name, std::string(model::type_name(layer.spec.op))});
  } catch (const core::Error&) {  // No model: no layers.
    return;
  }
}

void add_hint(Completion& answer, const Line& line, const Hint& hint, const std::string& typed) {
  switch (hint.kind) {
    case HintKind::model:
      answer.files = FileRequest{{".safetensors"}};
      return add_words(answer, model_names());
    case HintKind::config:
      answer.files = FileRequest{{".json"}};
      return add_words(answer, config_names());
    case HintKind::setting:
      return add_settings(answer, line, typed);
    case HintKind::layer:
      return add_layers(answer, line);
    case HintKind::endings:
      answer.files = FileRequest{hint.words};
      return;
    case HintKind::folders:
      answer.files = FileRequest{{}, true};
      return;
    case HintKind::words:
      return add_words(answer, hint.words);
  }
}

/// @returns the files that an option without hints takes.
std::optional<FileRequest> files_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  for (const PathUse use : {PathUse::input, PathUse::output, PathUse::text}) {
    if (type == path_type(use)) return FileRequest{};
  }
  return type == path_type(PathUse::folder) ? std::optional(FileRequest{{}, true}) : std::nullopt;
}

/// Adds the choices; in a list with commas those that are not in it yet. @param typed the whole value so far.
void add_choices(Completion& answer, const CLI::Option& option, const std::string& typed) {
  std::set<std::string> used;
  if (const char comma = option.get_delimiter(); comma != '\0') {
    const std::string before = typed.substr(0, typed.rfind(comma) + 1);  // npos + 1 is 0.
    answer.head += before;
    for (const std::string& word : CLI::detail::split(before, comma)) used.insert(word);
  }
  for (const std::string& choice : choices_of(option)) {
    if (used.count(choice) == 0) answer.candidates.push_back({choice});
  }
}

void add_values(Completion& answer, const Line& line, CLI::Option& option, const std::string& typed) {
  const auto hints = hints_of(option);
  for (const Hint& hint : hints) add_hint(answer, line, hint, typed);
  if (hints.empty()) answer.files = files_of(option);
  add_choices(answer, option, typed);
}

/// @returns whether an option may be given, after those that the line has.
bool may_follow(const Line& line, const CLI::Option& option) {
  const auto given = [&line](CLI::Option* other) { return line.values.count(other) != 0; };
  const auto excluded = option.get_excludes();
  return std::none_of(excluded.begin(), excluded.end(), given);
}

void add_option_names(Completion& answer, const Line& line) {
  std::set<std::string> names;
  for (CLI::App* command = line.command; command != nullptr; command = command->get_parent()) {
    for (CLI::Option* option : command->get_options({})) {
      const bool again = line.values.count(option) != 0 && !takes_several(*option);
      if (option->get_positional() || option->get_group().empty() || again || !may_follow(line, *option))
        continue;
      const std::string name = option->get_name();  // --help is an option of each command.
      if (names.insert(name).second) answer.candidates.push_back({name, option->get_description()});
    }
  }
}

void add_commands(Completion& answer, CLI::App& command) {
  for (const CLI::App* subcommand : visible_commands(command))
    answer.candidates.push_back({subcommand->get_name(), subcommand->get_description()});
}

/// Completes "--name=value".
Completion complete_assignment(const Line& line, const std::string& word) {
  const std::size_t equals = word.find('=');
  Completion answer{.head = word.substr(0, equals + 1)};
  if (CLI::Option* option = find_option(line.command, word.substr(0, equals)))
    add_values(answer, line, *option, word.substr(equals + 1));
  return answer;
}

}  // namespace

Completion complete(CLI::App& app, const std::vector<std::string>& words) {
  const std::string word = words.empty() ? "" : words.back();
  const Line line = read_line(app, std::span(words).first(words.empty() ? 0 : words.size() - 1));
  const bool option = !line.positionals_only && !line.needs_value && word.starts_with('-');
  if (option && word.starts_with("--") && word.find('=') != std::string::npos)
    return complete_assignment(line, word);
  Completion answer;
  if (option) {
    add_option_names(answer, line);
  } else if (line.open != nullptr) {
    add_values(answer, line, *line.open, word);
  } else if (CLI::Option* positional = next_positional(line)) {
    add_values(answer, line, *positional, word);
  } else {
    add_commands(answer, *line.command);
    if (answer.candidates.empty() && word.empty()) add_option_names(answer, line);
  }
  return answer;
}

}  // namespace svhn::cli
