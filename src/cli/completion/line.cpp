#include "cli/completion/line.h"

#include <algorithm>

#include "cli/help.h"

namespace svhn::cli {
namespace {

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() != 0;
}

/// Reads "--name", "--name=value" or "-n".
void read_option(Line& line, const std::string& word) {
  const std::size_t equals = word.find('=');
  line.open = find_option(line.command, word.substr(0, equals));
  line.needs_value = false;
  if (line.open == nullptr) return;
  auto& values = line.values[line.open];
  if (equals != std::string::npos) values.push_back(word.substr(equals + 1));
  line.needs_value = equals == std::string::npos && takes_value(*line.open);
  if (!line.needs_value && !(takes_several(*line.open) && line.open->get_allow_extra_args()))
    line.open = nullptr;
}

void read_value(Line& line, const std::string& word) {
  line.values[line.open].push_back(word);
  line.needs_value = false;
  if (!takes_several(*line.open) || !line.open->get_allow_extra_args()) line.open = nullptr;
}

void read_plain(Line& line, const std::string& word) {
  for (CLI::App* command : line.command->get_subcommands({})) {
    if (command->check_name(word)) {
      line.command = command;
      return;
    }
  }
  if (CLI::Option* positional = next_positional(line)) line.values[positional].push_back(word);
  ++line.positionals;
}

void read_word(Line& line, const std::string& word) {
  const bool option = !line.positionals_only && word.size() > 1 && word.starts_with('-');
  if (line.open != nullptr && (line.needs_value || !option)) {
    read_value(line, word);
  } else if (option && word == "--") {
    line.positionals_only = true;
    line.open = nullptr;
  } else if (option) {
    read_option(line, word);
  } else {
    read_plain(line, word);
  }
}

}  // namespace

Line read_line(CLI::App& app, std::span<const std::string> words) {
  Line line{&app};
  for (const std::string& word : words) read_word(line, word);
  return line;
}

CLI::Option* find_option(CLI::App* command, const std::string& name) {
  for (; command != nullptr; command = command->get_parent()) {
    if (CLI::Option* option = command->get_option_no_throw(name)) return option;
  }
  return nullptr;
}

CLI::Option* next_positional(const Line& line) {
  std::size_t taken = 0;
  for (CLI::Option* option : line.command->get_options({})) {
    if (!option->get_positional()) continue;
    taken += static_cast<std::size_t>(option->get_items_expected_max());
    if (line.positionals < taken) return option;
  }
  return nullptr;
}

std::optional<std::string> value_of(const Line& line, HintKind kind) {
  for (const auto& [option, values] : line.values) {
    const auto hints = hints_of(*option);
    const bool fits =
        std::any_of(hints.begin(), hints.end(), [kind](const Hint& h) { return h.kind == kind; });
    if (fits && !values.empty()) return values.front();
  }
  return std::nullopt;
}

}  // namespace svhn::cli
