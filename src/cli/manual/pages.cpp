#include "cli/manual/pages.h"

#include <span>

#include "cli/help.h"
#include "cli/manual/tables.h"
#include "cli/manual/troff.h"
#include "cli/program.h"
#include "core/build_info.h"

namespace svhn::cli {
namespace {

constexpr const char* kProgramText =
    "svhn prepares the digits of Street View House Numbers from any form in which people have them, trains "
    "networks on them that JSON configs describe, evaluates, explains and reports the models.\n\nEach "
    "command has a page of its own. Results go to the standard output, progress and messages to the standard "
    "error. With --json a command prints exactly one JSON document.\n\nWhere a command takes a model, a "
    "run's folder stands for its best model; where it takes a config, a name stands for the file in "
    "configs/. A single - is the standard input.";

/// @returns a command with the commands above it, joined: "svhn-config-check".
std::string joined_name(const CLI::App& command, const std::string& between) {
  const CLI::App* parent = command.get_parent();
  return (parent == nullptr ? "" : joined_name(*parent, between) + between) + command.get_name();
}

std::string page_name(const CLI::App& command) {
  return joined_name(command, "-");
}

std::string reference(const std::string& page) {
  return "\\fB\\%" + troff(page) + "\\fR(1)";  // Not hyphenated.
}

/// @returns " test|val|train", the words bold, or " PATH ...", the name of the value in italics.
std::string value_markup(const CLI::Option& option) {
  const auto choices = choices_of(option);
  std::string markup;
  for (const std::string& choice : choices) markup += (markup.empty() ? "" : "|\\:") + bold(choice);
  const std::string value = choices.empty() ? value_text(option) : "";
  if (!value.empty()) markup = italic(value);
  return markup;
}

/// @returns "-h, --help", "--split test|val|train" or "IMAGE ...".
std::string tag_of(const CLI::Option& option) {
  if (option.get_positional()) return italic(option.get_name() + (takes_several(option) ? " ..." : ""));
  std::string tag;
  for (const std::string& name : option.get_snames()) tag += bold("-" + name) + ", ";
  tag += bold(option.get_name());
  const std::string value = value_markup(option);
  return value.empty() ? tag : tag + " " + value;
}

using Options = std::vector<const CLI::Option*>;

Options options_of(const CLI::App& command, bool positional) {
  return command.get_options([positional](const CLI::Option* option) {
    return option->get_positional() == positional && !option->get_group().empty();
  });
}

/// Adds the options of a command to its synopsis, as "--config PATH [--json]".
void add_synopsis(Page& page, const CLI::App& command) {
  page.line(".SY \"" + troff(joined_name(command, " ")) + "\"");
  for (const CLI::Option* option : options_of(command, false)) {
    if (option->get_items_expected_max() == 0 && !option->get_snames().empty()) continue;  // --help
    const std::string tag = tag_of(*option);
    page.line(option->get_required() ? tag : "[" + tag + "]");
  }
  if (!visible_commands(command).empty()) page.line(italic("COMMAND") + " ...");
  for (const CLI::Option* option : options_of(command, true)) page.line(tag_of(*option));
  page.line(".YS");
}

void add_options_section(Page& page, const CLI::App& command) {
  page.section("OPTIONS");
  for (const bool positional : {true, false}) {
    for (const CLI::Option* option : options_of(command, positional))
      page.item(tag_of(*option), description_text(*option));
  }
  if (command.get_parent() == nullptr) return;
  page.line(".PP");
  page.line("The options of " + reference("svhn") + ", such as " + bold("--threads") +
            ", may stand here, too.");
}

void add_commands_section(Page& page, const CLI::App& command) {
  const auto subcommands = visible_commands(command);
  if (!subcommands.empty()) page.section("COMMANDS");
  for (const CLI::App* subcommand : subcommands)
    page.item(reference(page_name(*subcommand)), subcommand->get_description());
}

/// Adds the rows that concern a command: of the program's page all.
void add_rows(Page& page, const char* section, std::span<const ManualRow> rows, const CLI::App& command) {
  const bool all = command.get_parent() == nullptr;
  bool first = true;
  for (const ManualRow& row : rows) {
    if (!all && (*row.option == '\0' || command.get_option_no_throw(row.option) == nullptr)) continue;
    if (first) page.section(section);
    first = false;
    page.item(bold(row.name), row.text);
  }
}

void add_exit_codes(Page& page) {
  page.section("\"EXIT STATUS\"");
  for (const ManualRow& row : manual_exit_codes()) page.item(bold(row.name), row.text);
}

void add_example(Page& page, const CLI::App& command) {
  const std::string footer = command.get_footer();
  const std::size_t begin = footer.find('\n') + 1;
  std::string lines = footer.substr(begin, footer.find("\n\n") - begin);  // Behind them stand global options.
  for (std::size_t at = 0; (at = lines.find("  ", at)) != std::string::npos;) lines.erase(at, 2);
  page.section("EXAMPLE");
  page.example(lines);
}

void add_see_also(Page& page, const CLI::App& command) {
  std::string pages;
  const auto add = [&pages](const CLI::App& other) {
    pages += (pages.empty() ? "" : ",\n") + reference(page_name(other));
  };
  for (const CLI::App* above = command.get_parent(); above != nullptr; above = above->get_parent())
    add(*above);
  for (const CLI::App* below : visible_commands(command)) add(*below);
  page.section("\"SEE ALSO\"");
  page.line(pages);
  page.line(".PP");
  page.line("The pages of the folder share/doc/svhn/docs tell more.");
}

/// @param details what the description does not say; may be empty.
ManualPage page_of(const CLI::App& command, const std::string& details) {
  Page page(page_name(command), "svhn " + core::version());
  const std::string description = command.get_description();
  const std::size_t colon = description.find("svhn: ");
  page.section("NAME");
  page.line(troff(page_name(command)) + " \\- " + troff(colon == 0 ? description.substr(6) : description));
  page.section("SYNOPSIS");
  add_synopsis(page, command);
  page.section("DESCRIPTION");
  page.paragraphs(details.empty() ? description + "." : details);
  add_commands_section(page, command);
  add_options_section(page, command);
  add_example(page, command);
  add_exit_codes(page);
  add_rows(page, "FILES", manual_files(), command);
  add_rows(page, "ENVIRONMENT", manual_environment(), command);
  add_see_also(page, command);
  return {page_name(command), page.text()};
}

void add_pages(std::vector<ManualPage>& pages, const CLI::App& above, const std::vector<Command>& commands) {
  for (const Command& command : commands) {
    if (command.info.hidden) continue;
    const CLI::App& app = *above.get_subcommand(command.info.name);
    pages.push_back(page_of(app, command.info.details));
    add_pages(pages, app, command.subcommands);
  }
}

}  // namespace

std::vector<ManualPage> manual_pages(const CLI::App& app, const std::vector<Command>& commands) {
  std::vector<ManualPage> pages{page_of(app, kProgramText)};
  add_pages(pages, app, commands);
  return pages;
}

}  // namespace svhn::cli
