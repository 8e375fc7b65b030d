#pragma once
/// Text for manual pages, in the macros of man(7).

#include <string>
#include <utility>
#include <vector>

namespace svhn::cli {

/// @returns the text as troff shows it unchanged, of one or several lines.
std::string troff(const std::string& text);
std::string bold(const std::string& text);
std::string italic(const std::string& text);
/// @returns a sentence in which the names of options are bold.
std::string prose(const std::string& text);

/// A page, section by section.
class Page {
 public:
  /// @param title "svhn-train". @param version of the program, "svhn 0.1.0".
  Page(const std::string& title, const std::string& version);

  void section(const std::string& name);
  void subsection(const std::string& name);
  /// @param text as prose; an empty line ends a paragraph.
  void paragraphs(const std::string& text);
  /// @param markup a line of troff.
  void line(const std::string& markup);
  /// @param tag troff. @param text as prose.
  void item(const std::string& tag, const std::string& text);
  /// @param lines of a terminal, shown as they are.
  void example(const std::string& lines);

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace svhn::cli
