#pragma once
/// What may stand next in a command line, from the program's own description of its options.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <optional>
#include <string>
#include <vector>

namespace svhn::cli {

struct Candidate {
  std::string value;
  std::string description{};
};

/// Files and folders that may stand in a word.
struct FileRequest {
  std::vector<std::string> endings{};  ///< ".h5"; none: all files.
  bool folders_only = false;
};

/// The ends that the last word of a command line may have.
struct Completion {
  std::string head{};  ///< What of the word they leave as it is: "--split=", "confusion,", "train.".
  std::vector<Candidate> candidates{};
  std::optional<FileRequest> files{};
};

/// Looks only at files that the command line names; those that cannot be read are as if they were not there.
/// @param app the program. @param words those behind the program's name; the last one is to be completed.
/// @returns every candidate, whether or not what has been typed of the word is its beginning.
Completion complete(CLI::App& app, const std::vector<std::string>& words);

}  // namespace svhn::cli
