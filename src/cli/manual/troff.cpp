#include "cli/manual/troff.h"

#include <sstream>
#include <string_view>

namespace svhn::cli {
namespace {

/// @returns what stands for a character that troff would change; "" if it does not.
std::string_view named(char c) {
  switch (c) {
    case '\\':
      return "\\e";
    case '-':
      return "\\-";  // Else a hyphen, which nobody can paste into a command line.
    case '\'':
      return "\\(aq";
    case '`':
      return "\\(ga";
    case '^':
      return "\\(ha";
    case '~':
      return "\\(ti";
    default:
      return {};
  }
}

bool is_of_option(char c) {
  return c == '-' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// @returns where the name of an option begins: "--" and a letter, behind something else than a letter.
std::size_t find_option_name(const std::string& text, std::size_t from) {
  for (std::size_t at = text.find("--", from); at != std::string::npos; at = text.find("--", at + 2)) {
    const bool begins = at == 0 || !is_of_option(text[at - 1]);
    if (begins && at + 2 < text.size() && is_of_option(text[at + 2]) && text[at + 2] != '-') return at;
  }
  return std::string::npos;
}

/// @returns a command line in lines that fit a narrow terminal, broken before an option.
std::string broken(std::string line) {
  constexpr std::size_t kColumns = 70;
  std::size_t begin = 0;
  while (line.size() - begin > kColumns) {
    const std::size_t at = line.rfind(" --", begin + kColumns);
    if (at == std::string::npos || at <= begin + 4) break;
    line.replace(at, 1, " \\\n    ");
    begin = at + 3;
  }
  return line;
}

}  // namespace

std::string troff(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool requests = c == '.' && (out.empty() || out.back() == '\n');
    const std::string_view name = named(c);
    out += requests ? "\\&." : name.empty() ? std::string(1, c) : std::string(name);
  }
  return out;
}

std::string bold(const std::string& text) {
  return "\\fB" + troff(text) + "\\fR";
}

std::string italic(const std::string& text) {
  return "\\fI" + troff(text) + "\\fR";
}

std::string prose(const std::string& text) {
  std::string out;
  std::size_t done = 0;
  for (std::size_t at; (at = find_option_name(text, done)) != std::string::npos;) {
    std::size_t end = at;
    while (end < text.size() && is_of_option(text[end])) ++end;
    out += troff(text.substr(done, at - done)) + bold(text.substr(at, end - at));
    done = end;
  }
  return out + troff(text.substr(done));
}

Page::Page(const std::string& title, const std::string& version) {
  std::string upper = title;
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  // Without a date: the same program gives the same page.
  line(".TH \"" + troff(upper) + "\" 1 \"\" \"" + troff(version) + "\" \"svhn manual\"");
  line(".ad l");
}

void Page::section(const std::string& name) {
  line(".SH " + name);
}

void Page::subsection(const std::string& name) {
  line(".SS " + name);
}

void Page::paragraphs(const std::string& text) {
  std::istringstream lines(text);
  for (std::string each; std::getline(lines, each);) line(each.empty() ? ".PP" : prose(each));
}

void Page::line(const std::string& markup) {
  text_ += markup + "\n";
}

void Page::item(const std::string& tag, const std::string& text) {
  line(".TP");
  line(tag);
  line(prose(text));
}

void Page::example(const std::string& lines) {
  line(".EX");
  std::istringstream each(lines);
  for (std::string text; std::getline(each, text);) line(troff(broken(text)));
  line(".EE");
}

}  // namespace svhn::cli
