#include <CLI/App.hpp>

#include "cli/command_line.h"

namespace svhn::cli {
namespace {

void add_preprocess(CLI::App& app, Arguments& arguments, const Engine& engine) {
  PreprocessOptions& o = arguments.preprocess;
  CLI::App* c = add_command(app, "preprocess", "Turn digits in any form into one prepared file",
                            "svhn preprocess --input dataset.pkl.py3 --output data/svhn.safetensors");
  auto* input = c->add_option("--input", o.inputs, "Files or folders, joined in this order");
  auto* synthetic = c->add_option("--synthetic", o.synthetic, "Draw this many digits instead")
                        ->check(CLI::Range(std::int64_t{1}, kMostRows));
  c->add_option("--seed", o.seed, "Seed of the synthetic digits")
      ->check(refuse_negative)
      ->needs(synthetic)
      ->capture_default_str();
  input->excludes(synthetic);
  c->add_option("--output", o.output, "The prepared file")->required();
  c->add_option("--format", o.format, "What the input is")
      ->check(CLI::IsMember({"auto", "pickle", "mat", "arff", "folder"}))
      ->capture_default_str();
  c->add_option("--labels", o.labels,
                "What label numbers mean: index (0 is '1'), digit (0 is '0'), svhn (10 is '0')")
      ->check(CLI::IsMember({"auto", "index", "digit", "svhn"}))
      ->capture_default_str();
  c->add_flag("--strict", o.strict, "An unreadable picture is an error");
  c->add_option("--split", o.split, "random, or official: Stanford's own test rows")
      ->check(CLI::IsMember({"random", "official"}))
      ->capture_default_str();
  c->add_option("--stratify", o.stratify, "Stratify as scikit-learn does on one-hot labels or on integers")
      ->check(CLI::IsMember({"onehot", "label"}))
      ->capture_default_str();
  c->add_option("--test-fraction", o.test_fraction, "Share of all rows")->capture_default_str();
  c->add_option("--val-fraction", o.val_fraction, "Share of the remaining rows")->capture_default_str();
  c->add_option("--split-seed", o.split_seed, "random_state of both splits")
      ->check(refuse_negative)
      ->capture_default_str();
  c->add_option("--limit", o.limit, "Only the first N rows")->check(CLI::Range(std::int64_t{1}, kMostRows));
  c->add_option("--preview", o.preview, "Draw a labelled grid of random digits (PNG)");
  c->add_flag("--json", o.json, "One JSON document on stdout");
  c->callback([&] { arguments.command = [&] { return engine.preprocess(o, arguments.global); }; });
}

/// What `train` and `transfer` have in common.
void add_run_options(CLI::App* c, TrainCommandOptions& o) {
  c->add_option("--config", o.config, "The run's JSON")->required();
  c->add_option("--data", o.data, "Prepared file, instead of the config's data.file");
  c->add_option("--output", o.output, "Folder for the model, its curves and the run folder")
      ->capture_default_str();
  c->add_option("--set", o.set, "Change a config value: a.b.c=value (repeatable)")->allow_extra_args(false);
  c->add_option("--seed", o.seed, "Instead of the config's train.seed")->check(refuse_negative);
  auto* resume = c->add_flag("--resume", o.resume, "Go on from the last checkpoint");
  c->add_flag("--overwrite", o.overwrite, "Replace an existing run")->excludes(resume);
  c->add_flag("--no-train", o.no_train, "Show a finished run again");
  c->add_flag("--live-chart", o.live_chart, "Draw the accuracy on the terminal too, after each epoch");
  c->add_flag("--dry-run", o.dry_run, "Build everything, time a step, write nothing");
  c->add_flag("--json", o.json, "One JSON document on stdout");
  add_process_options(c, o.processes);
}

void add_train(CLI::App& app, Arguments& arguments, const Engine& engine) {
  TrainCommandOptions& o = arguments.train;
  CLI::App* c =
      add_command(app, "train", "Train a network from a config",
                  "svhn train --config configs/q2_1.json --data data/svhn.safetensors --set train.epochs=14");
  add_run_options(c, o);
  c->callback([&] { arguments.command = [&] { return engine.train(o, arguments.global); }; });
}

void add_transfer(CLI::App& app, Arguments& arguments, const Engine& engine) {
  TransferCommandOptions& o = arguments.transfer;
  CLI::App* c = add_command(app, "transfer", "Train a head on an ImageNet backbone, or compare backbones",
                            "svhn transfer --config configs/q4_1.json --weights weights/vgg16_notop.h5");
  add_run_options(c, o.run);
  c->get_option("--config")->required(false);
  c->add_option("--weights", o.weights, "The backbone's weights: a file, or random");
  c->add_option("--compare", o.compare, "Train the same head on each backbone of this list (JSON)")
      ->excludes("--config")
      ->excludes("--dry-run")
      ->excludes("--no-train")
      ->excludes("--nproc");
  c->callback([&] { arguments.command = [&] { return engine.transfer(o, arguments.global); }; });
}

void add_tune(CLI::App& app, Arguments& arguments, const Engine& engine) {
  TuneCommandOptions& o = arguments.tune;
  CLI::App* c = add_command(app, "tune", "Search a config's space of values for the best score",
                            "svhn tune --config configs/tune_units.json --trials 5");
  c->add_option("--config", o.config, "A run's JSON with a section \"tune\"")->required();
  c->add_option("--data", o.data, "Prepared file, instead of the config's data.file");
  c->add_option("--trials", o.trials, "Instead of the config's tune.trials")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{100'000}));
  c->add_option("--output", o.output, "Folder for the search's own folder")->capture_default_str();
  c->add_option("--set", o.set, "Change a config value: a.b.c=value (repeatable)")->allow_extra_args(false);
  c->add_option("--seed", o.seed, "Instead of the config's tune.seed")->check(refuse_negative);
  auto* resume = c->add_flag("--resume", o.resume, "Go on where the search was stopped");
  c->add_flag("--overwrite", o.overwrite, "Replace an existing search")->excludes(resume);
  c->add_flag("--json", o.json, "One JSON document on stdout");
  add_process_options(c, o.processes);
  c->callback([&] { arguments.command = [&] { return engine.tune(o, arguments.global); }; });
}

}  // namespace

void add_training_commands(CLI::App& app, Arguments& arguments, const Engine& engine) {
  add_preprocess(app, arguments, engine);
  add_train(app, arguments, engine);
  add_transfer(app, arguments, engine);
  add_tune(app, arguments, engine);
}

}  // namespace svhn::cli
