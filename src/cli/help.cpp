#include "cli/help.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/command_line.h"

namespace svhn::cli {
namespace {

constexpr std::size_t kTextColumns = 70;  // Of 100; CLI11 begins the texts at column 30.

/// CLI11's name of a type and of what its values are checked for: "TEXT:{a,b}", "INT:INT in [0 - 9]".
struct TypeText {
  std::string type;
  std::vector<std::string> choices;
  std::string range;  ///< "0 to 9"
};

TypeText type_of(const CLI::Option& option) {
  const std::string whole = option.get_type_name();
  const std::size_t colon = whole.find(':');
  TypeText text{whole.substr(0, colon), {}, {}};
  if (colon == std::string::npos) return text;
  std::string check = whole.substr(colon + 1);
  if (check.starts_with('{') && check.ends_with('}')) {
    text.choices = CLI::detail::split(check.substr(1, check.size() - 2), ',');
  }
  const std::size_t begin = check.find('['), dash = check.find(" - "), end = check.find(']');
  if (begin < dash && dash < end && end != std::string::npos)
    text.range = check.substr(begin + 1, dash - begin - 1) + " to " + check.substr(dash + 3, end - dash - 3);
  return text;
}

/// @returns how a value of the type is called in the help.
std::string value_name(const std::string& type) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kNames{
      {{path_type(PathUse::input), "PATH"},
       {path_type(PathUse::output), "FILE"},
       {path_type(PathUse::text), "FILE"},
       {path_type(PathUse::folder), "FOLDER"},
       {"INT", "N"},
       {"UINT", "N"},
       {"FLOAT", "X"},
       {"TEXT", "TEXT"}}};
  const auto* found =
      std::find_if(kNames.begin(), kNames.end(), [&](const auto& name) { return name.first == type; });
  return found == kNames.end() ? type : std::string(found->second);
}

std::string names_of(const std::set<CLI::Option*>& options) {
  std::vector<std::string> names;
  names.reserve(options.size());
  for (const CLI::Option* option : options) names.push_back(option->get_name());
  std::sort(names.begin(), names.end());
  return CLI::detail::join(names, ", ");
}

/// @returns the text in lines that fit behind the options.
std::string wrapped(const std::string& text) {
  std::istringstream words(text);
  std::string lines, word;
  std::size_t column = 0;
  while (words >> word) {
    const bool first = lines.empty();
    const bool fits = column + 1 + word.size() <= kTextColumns;
    lines += first ? "" : fits ? " " : "\n";
    column = first || !fits ? word.size() : column + 1 + word.size();
    lines += word;
  }
  return lines;
}

}  // namespace

std::vector<std::string> choices_of(const CLI::Option& option) {
  return type_of(option).choices;
}

bool takes_several(const CLI::Option& option) {
  return option.get_expected_max() == CLI::detail::expected_max_vector_size;
}

std::string value_text(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return "";  // A flag.
  const TypeText text = type_of(option);
  const std::string name =
      text.choices.empty() ? value_name(text.type) : CLI::detail::join(text.choices, "|");
  return name + (takes_several(option) && option.get_allow_extra_args() ? " ..." : "");
}

std::string description_text(const CLI::Option& option) {
  std::vector<std::string> facts;
  if (option.get_items_expected_max() != 0) {
    if (const std::string range = type_of(option).range; !range.empty()) facts.push_back(range);
    if (const std::string value = option.get_default_str(); !value.empty())
      facts.push_back("default: " + value);
    if (option.get_required()) facts.emplace_back("required");
  }
  if (!option.get_needs().empty()) facts.push_back("only with " + names_of(option.get_needs()));
  if (!option.get_excludes().empty()) facts.push_back("not with " + names_of(option.get_excludes()));
  const std::string behind = facts.empty() ? "" : " (" + CLI::detail::join(facts, "; ") + ")";
  return option.get_description() + behind;
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  const std::string value = value_text(*option);
  return value.empty() ? value : " " + value;
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  return wrapped(description_text(*option));
}

}  // namespace svhn::cli
