#include "cli/hints.h"

#include <sstream>

namespace svhn::cli {
namespace {

// A validator has a name that nothing else uses: "hint KIND WORDS...".
constexpr const char* kMark = "hint";

std::string hint_name(HintKind kind, const std::string& words) {
  return std::string(kMark) + " " + std::to_string(static_cast<int>(kind)) + " " + words;
}

}  // namespace

CLI::Validator hint(HintKind kind, const std::string& words) {
  return {[](std::string&) { return std::string(); }, "", hint_name(kind, words)};
}

CLI::Validator transforming_hint(HintKind kind, const std::function<std::string(std::string)>& change) {
  return {[change](std::string& value) {
            value = change(value);
            return std::string();
          },
          "", hint_name(kind, "")};
}

std::vector<Hint> hints_of(CLI::Option& option) {
  std::vector<Hint> hints;
  try {
    for (int i = 0;; ++i) {
      std::istringstream name(option.get_validator(i)->get_name());
      std::string mark, word;
      int kind = 0;
      if (!(name >> mark >> kind) || mark != kMark) continue;
      hints.push_back({static_cast<HintKind>(kind)});
      while (name >> word) hints.back().words.push_back(word);
    }
  } catch (const CLI::OptionNotFound&) {  // Behind the last one.
    return hints;
  }
}

}  // namespace svhn::cli
