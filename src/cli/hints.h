#pragma once
/// Hints for the completion of shells: what an option's values are. A hint is a validator that accepts every
/// value, so it stands where the option is declared: `->check(hint(HintKind::endings, ".h5 .pth"))`.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <string>
#include <vector>

namespace svhn::cli {

enum class HintKind {
  model,    ///< A model file, or a run folder.
  config,   ///< A config file, or the name of one.
  setting,  ///< A change of a config: a.b.c=value.
  layer,    ///< A layer of the model that the command line names.
  endings,  ///< Files with one of the endings that are the hint's words, or folders.
  folders,  ///< Folders alone.
  words,    ///< The hint's words, among other values.
};

struct Hint {
  HintKind kind = HintKind::words;
  std::vector<std::string> words{};
};

/// For `check`. @param words of the hint, joined by blanks.
CLI::Validator hint(HintKind kind, const std::string& words = "");
/// For `transform`: a hint that changes the value as well.
CLI::Validator transforming_hint(HintKind kind, const std::function<std::string(std::string)>& change);

/// @returns the hints of an option; none if it has none. Choices are CLI11's own, see choices_of.
std::vector<Hint> hints_of(CLI::Option& option);

}  // namespace svhn::cli
