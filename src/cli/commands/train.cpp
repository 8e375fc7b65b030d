#include "cli/commands/train.h"

#include "cli/command_line.h"

namespace svhn::cli {

void add_run_options(CLI::App& command, RunOptions& options) {
  add_path(command, "--config", options.config,
           "The run's JSON file, or the name of one in configs/ or of one that comes with svhn")
      ->transform(config_path())
      ->required();
  add_path(command, "--data", options.data, "Prepared file, instead of the config's data.file")
      ->check(hint(HintKind::endings, ".safetensors"));
  add_path(command, "--output", options.output, "Folder for the model, its curves and the run folder")
      ->capture_default_str();
  command.add_option("--set", options.set, "Change a config value: a.b.c=value (repeatable)")
      ->type_name("KEY=VALUE")
      ->check(hint(HintKind::setting))
      ->allow_extra_args(false);
  command
      .add_option("--seed", options.seed,
                  "Seed of weights, order and augmentation, instead of the config's train.seed")
      ->check(refuse_negative);
  auto* resume = command.add_flag("--resume", options.resume, "Resume from the last checkpoint");
  command.add_flag("--overwrite", options.overwrite, "Replace an existing run")->excludes(resume);
  auto* no_train =
      command.add_flag("--no-train", options.no_train, "Show a finished run again, without training");
  command.add_flag("--live-chart", options.live_chart,
                   "Also draw the accuracy on the terminal after each epoch");
  auto* dry_run =
      command.add_flag("--dry-run", options.dry_run, "Build everything, time a step, write nothing");
  command
      .add_flag("--find-lr", options.find_lr,
                "Suggest a learning rate and draw NAME.find_lr.png, train nothing")
      ->excludes(resume)
      ->excludes(no_train)
      ->excludes(dry_run);
  command.add_flag("--json", options.json, "One JSON document on stdout");
}

void add_options(CLI::App& command, TrainCommandOptions& options) {
  constexpr int kMostSeeds = 1000;
  add_run_options(command, options);
  command
      .add_option("--seeds", options.seeds,
                  "Train this many runs with seeds from --seed on, and tell the mean of their accuracies")
      ->check(CLI::Range(1, kMostSeeds))
      ->excludes(command.get_option("--dry-run"))
      ->excludes(command.get_option("--find-lr"));
  add_process_options(command, options.processes);
}

}  // namespace svhn::cli
