#include "cli/commands/compare.h"

#include "cli/command_line.h"

namespace svhn::cli {
namespace {

constexpr int kMostModels = 50;

}  // namespace

void add_options(CLI::App& command, CompareOptions& options) {
  add_path(command, "models", options.models, "Two or more model files, or their run folders")
      ->transform(model_path())
      ->required()
      ->expected(1, kMostModels);
  add_path(command, "--against", options.against,
           "The models are runs of one training with several seeds, and these are runs of another, in the "
           "same order of seeds")
      ->transform(model_path())
      ->expected(1, kMostModels);
  add_path(command, "--data", options.data, "Prepared file; default: the one of the first model's run folder")
      ->check(hint(HintKind::endings, ".safetensors"));
  command.add_option("--split", options.split, "The rows of the data")
      ->check(CLI::IsMember({"test", "val", "train"}))
      ->capture_default_str();
  command.add_flag(
      "--other-data", options.other_data,
      "Also models that were trained on another prepared file, which may have held these images");
  command.add_flag("--other-preprocessing", options.other_preprocessing,
                   "Also models that see the images differently, in colour and in grey, so that their "
                   "accuracies have different fingerprints");
  add_path(command, "--differences", options.differences,
           "Write the images that not all models read alike, and what each says (CSV)");
  add_path(command, "--pictures", options.pictures, "Draw those images (PNG)");
  command.add_flag("--json", options.json, "One JSON document on stdout");
}

}  // namespace svhn::cli
