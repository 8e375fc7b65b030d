#pragma once
/// The help of the commands.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <string>

namespace svhn::cli {

/// Writes the options as their users name them, "--split test|val|train", and the rest in words behind the
/// description, in lines of up to 100 columns: "(0 to 9, default: 3)", "(required)", "(not with --resume)".
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
};

}  // namespace svhn::cli
