#include "cli/commands/tune.h"

#include "cli/command_line.h"

namespace svhn::cli {

void add_options(CLI::App& command, TuneCommandOptions& options) {
  add_path(command, "--config", options.config, "A run's JSON with a section \"tune\", or its name")
      ->transform(config_path())
      ->required();
  add_path(command, "--data", options.data, "Prepared file, instead of the config's data.file")
      ->check(hint(HintKind::endings, ".safetensors"));
  command.add_option("--trials", options.trials, "Number of trials, instead of the config's tune.trials")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{100'000}));
  add_path(command, "--output", options.output, "Folder for the search's own folder")->capture_default_str();
  command.add_option("--set", options.set, "Change a config value: a.b.c=value (repeatable)")
      ->type_name("KEY=VALUE")
      ->check(hint(HintKind::setting))
      ->allow_extra_args(false);
  command.add_option("--seed", options.seed, "Seed of the search, instead of the config's tune.seed")
      ->check(refuse_negative);
  auto* resume = command.add_flag("--resume", options.resume, "Resume where the search was stopped");
  command.add_flag("--overwrite", options.overwrite, "Replace an existing search")->excludes(resume);
  command.add_flag("--json", options.json, "One JSON document on stdout");
  add_process_options(command, options.processes);
}

}  // namespace svhn::cli
