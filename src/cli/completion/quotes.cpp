#include <string_view>

#include "cli/completion/shell.h"

namespace svhn::cli {
namespace {

/// @returns the characters that a backslash quotes between such quotes; "" for all.
std::string_view escapable(char quote, Shell shell) {
  if (quote == '"') return shell == Shell::fish ? "\"\\$" : "\"\\$`";
  return shell == Shell::fish && quote == '\'' ? "'\\" : "";
}

/// @returns the character that "\n" and the like stand for, outside of quotes in fish and in bash's $'...'.
char control(char letter) {
  constexpr std::string_view kLetters = "nrtabfve", kControls = "\n\r\t\a\b\f\v\x1B";
  const std::size_t at = kLetters.find(letter);
  return at == std::string_view::npos ? letter : kControls[at];
}

/// Reads a word character by character.
class Unquoter {
 public:
  Unquoter(std::string_view typed, Shell shell) : typed_(typed), shell_(shell) {}

  PlainWord read() {
    word_.expands = shell_ == Shell::bash && typed_.starts_with('~');
    for (at_ = 0; at_ < typed_.size(); ++at_) quote_ == '\0' ? read_plain() : read_quoted();
    return word_;
  }

 private:
  void add(char c) { word_.text += c; }

  void read_plain() {
    const char c = typed_[at_];
    const bool ansi = shell_ == Shell::bash && typed_.substr(at_, 2) == "$'";
    if (c == '\\') {
      if (++at_ < typed_.size()) add(shell_ == Shell::fish ? control(typed_[at_]) : typed_[at_]);
    } else if (c == '\'' || c == '"') {
      quote_ = c;
    } else if (ansi) {
      quote_ = '$';
      ++at_;
    } else {
      read_expanding(c);
    }
  }

  void read_expanding(char c) {
    word_.expands = word_.expands || c == '$' || (c == '`' && shell_ == Shell::bash);
    add(c);
  }

  void read_quoted() {
    const char c = typed_[at_];
    if (c == (quote_ == '$' ? '\'' : quote_)) {
      quote_ = '\0';
    } else if (c == '\\' && at_ + 1 < typed_.size() && escapes(typed_[at_ + 1])) {
      ++at_;
      add(quote_ == '$' ? control(typed_[at_]) : typed_[at_]);
    } else {
      quote_ == '"' ? read_expanding(c) : add(c);
    }
  }

  [[nodiscard]] bool escapes(char c) const {
    return quote_ == '$' || escapable(quote_, shell_).find(c) != std::string_view::npos;
  }

  std::string_view typed_;
  Shell shell_;
  std::size_t at_ = 0;
  char quote_ = '\0';  // '$' for bash's $'...'.
  PlainWord word_{};
};

}  // namespace

PlainWord unquoted(const std::string& typed, Shell shell) {
  if (shell == Shell::zsh) return {typed};  // Its script removes them.
  return Unquoter(typed, shell).read();
}

}  // namespace svhn::cli
