#include "cli/commands/preprocess.h"

#include "cli/command_line.h"
#include "data/source.h"

namespace svhn::cli {
namespace {

std::vector<std::string> formats() {
  std::vector<std::string> names{"auto"};
  for (const data::Source& source : data::sources()) names.emplace_back(source.name);
  return names;
}

std::vector<std::string> label_rules() {
  std::vector<std::string> names{"auto"};
  for (const data::LabelRule rule : data::kLabelRules) names.push_back(data::label_rule_name(rule));
  return names;
}

}  // namespace

void add_options(CLI::App& command, PreprocessOptions& options) {
  auto* input = add_path(command, "--input", options.inputs, "Files or folders, joined in this order")
                    ->check(hint(HintKind::endings, ".py3 .pkl .pickle .p .mat .arff"));
  auto* synthetic = command.add_option("--synthetic", options.synthetic, "Draw this many digits instead")
                        ->check(CLI::Range(std::int64_t{1}, kMostRows));
  command.add_option("--seed", options.seed, "Seed of the synthetic digits")
      ->check(refuse_negative)
      ->needs(synthetic)
      ->capture_default_str();
  input->excludes(synthetic);
  add_path(command, "--output", options.output, "The prepared file")->required();
  command.add_option("--format", options.format, "Form of the input")
      ->check(CLI::IsMember(formats()))
      ->capture_default_str();
  command
      .add_option("--labels", options.labels,
                  "What label numbers mean: index (0 is '1'), digit (0 is '0'), svhn (10 is '0')")
      ->check(CLI::IsMember(label_rules()))
      ->capture_default_str();
  command.add_flag("--strict", options.strict, "Fail at a picture or folder that cannot be read");
  command
      .add_option(
          "--split", options.split,
          "How rows are divided: at random; official: with Stanford's own test rows; auto: by folders named "
          "train, test, val and extra, else at random")
      ->check(CLI::IsMember({"auto", "random", "official"}))
      ->capture_default_str();
  auto* stratify =
      command
          .add_option("--stratify", options.stratify,
                      "Stratify the split as scikit-learn does, on one-hot labels or on integers")
          ->check(CLI::IsMember({"onehot", "label"}))
          ->capture_default_str();
  command.add_option("--test-fraction", options.test_fraction, "Share of the test split in all rows")
      ->capture_default_str();
  command
      .add_option("--val-fraction", options.val_fraction,
                  "Share of the validation split in the remaining rows")
      ->capture_default_str();
  command
      .add_option("--split-seed", options.split_seed, "Seed of the random split, scikit-learn's random_state")
      ->check(refuse_negative)
      ->capture_default_str();
  add_path(command, "--group", options.group,
           "Keep the digits of each photo in one split: a CSV table with the columns file, row and photo")
      ->check(hint(HintKind::endings, ".csv"))
      ->excludes(synthetic)
      ->excludes(stratify);
  command.add_option("--limit", options.limit, "Only the first N rows")
      ->check(CLI::Range(std::int64_t{1}, kMostRows));
  add_path(command, "--preview", options.preview, "Also draw a labelled grid of random digits (PNG)")
      ->check(hint(HintKind::endings, ".png"));
  command.add_flag("--json", options.json, "One JSON document on stdout");
}

}  // namespace svhn::cli
