#pragma once
/// Options in words, for the help of the commands and their manual pages.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <string>
#include <vector>

namespace svhn::cli {

/// @returns what an option's value is called, "N", "FILE", "test|val|train"; "" for a flag.
std::string value_text(const CLI::Option& option);
/// @returns the description and what else is known, "The rows of the data (default: test)".
std::string description_text(const CLI::Option& option);
/// @returns the values that an option is limited to; none where it is not.
std::vector<std::string> choices_of(const CLI::Option& option);
/// @returns whether an option takes any number of values.
bool takes_several(const CLI::Option& option);

/// Writes the options as their users name them, "--split test|val|train", and the rest in words behind the
/// description, in lines of up to 100 columns: "(0 to 9, default: 3)", "(required)", "(not with --resume)".
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
};

}  // namespace svhn::cli
