#pragma once
/// The commands that make what is missing, as the page and the questions show them.

#include <array>
#include <filesystem>
#include <string>
#include <utility>

namespace svhn::report {

/// @returns the text, quoted for a shell where it has to be.
std::string shell_word(const std::string& text);

/// The commands that make results of a model on a split.
class ModelCommands {
 public:
  /// @param data the prepared file; empty: that of the run. @param split "test" is the default of the
  /// commands.
  ModelCommands(const std::filesystem::path& model, const std::string& data, const std::string& split);

  [[nodiscard]] std::string evaluate() const { return "svhn evaluate" + options_; }
  /// @param what for --what; empty: everything.
  [[nodiscard]] std::string interpret(const std::string& what = {}) const {
    return "svhn interpret" + options_ + (what.empty() ? "" : " --what " + what);
  }
  /// @returns the parts of a result in the page's document, each with its command.
  [[nodiscard]] std::array<std::pair<const char*, std::string>, 7> by_part() const;

 private:
  std::string options_;
};

}  // namespace svhn::report
