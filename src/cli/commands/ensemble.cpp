#include "cli/commands/ensemble.h"

#include "cli/command_line.h"

namespace svhn::cli {

void add_models(CLI::App& command, ModelChoice& choice, bool lists) {
  add_path(command, "--model", choice.models,
           "The model file, or its run folder; several models answer together (repeatable)")
      ->transform(model_path())
      ->required()
      ->allow_extra_args(lists);
  command
      .add_option("--average", choice.average,
                  "What of several models or views is averaged: their probabilities or their logits")
      ->check(CLI::IsMember({"probabilities", "logits"}))
      ->capture_default_str();
}

CLI::Option* add_views(CLI::App& command, ViewChoice& choice) {
  auto* views = command.add_option("--views", choice.count,
                                   "Look at each image this many times: as it is, which counts one half, and "
                                   "shifted by 1 pixel (25: also by 2)");
  views->check(CLI::IsMember({1, 3, 5, 9, 25}))->capture_default_str();
  command
      .add_option("--views-below", choice.below,
                  "Shift only images whose largest probability is below this one")
      ->check(CLI::Range(0.0, 1.0))
      ->needs(views);
  return views;
}

}  // namespace svhn::cli
