#pragma once
/// `svhn preprocess`: any source of digits to one prepared file.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"

namespace svhn::cli {

struct PreprocessOptions {
  static constexpr CommandInfo kCommand{
      .name = "preprocess",
      .description = "Prepare digits from any source as one data file",
      .example = "svhn preprocess --input dataset.pkl.py3 --output data/svhn.safetensors",
      .details =
          "Reads digits from pickled data frames and arrays, MATLAB files, ARFF or folders of pictures, "
          "whose form it tells by their content, or draws synthetic ones. Nothing in a pickle is "
          "executed.\n\nWrites one safetensors file with the images, their labels, the rows of the training, "
          "validation and test splits, and statistics. A random split is that of scikit-learn's stratified "
          "train_test_split, row for row. Digits of one photo are neighbours in each other's images; --group "
          "names "
          "a table of the photos, whose digits then stay in one split."};

  std::vector<InputPath> inputs;
  std::optional<std::int64_t> synthetic;
  std::uint64_t seed = 1;  ///< Seed of the synthetic digits.
  OutputFile output;
  std::string format = "auto";
  std::string labels = "auto";
  bool strict = false;
  std::string split = "auto";
  std::string stratify = "onehot";
  double test_fraction = 0.2;
  double val_fraction = 0.2;
  std::uint64_t split_seed = 1;
  std::optional<InputPath> group;
  std::optional<std::int64_t> limit;
  std::optional<OutputFile> preview;
  bool json = false;
};

void add_options(CLI::App& command, PreprocessOptions& options);
int run_command(const PreprocessOptions& options, const GlobalOptions& global);

}  // namespace svhn::cli
