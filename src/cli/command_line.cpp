#include "cli/command_line.h"

#include <cstdint>
#include <string>

#include "cli/commands.h"

namespace svhn::cli {
namespace {

constexpr std::int64_t kMostRows = 10'000'000;  // 31 GB of pixels.

// CLI11 2.1 reads -1 as a huge unsigned number without complaint.
std::string refuse_negative(const std::string& text) {
  return text.starts_with('-') ? text + " is negative" : std::string();
}

/// Adds a subcommand with one example below its help.
CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& description,
                      const std::string& example) {
  CLI::App* command = app.add_subcommand(name, description);
  command->fallthrough();
  command->footer("Example:\n  " + example);
  return command;
}

void add_global(CLI::App& app, GlobalOptions& global) {
  app.add_option("--threads", global.threads, "Processor threads; 0: all cores")->check(CLI::Range(0, 1024));
  app.add_option("--device", global.device, "auto, cpu, cuda or cuda:INDEX");
  app.add_option("--precision", global.precision, "auto, float32 or bfloat16")
      ->check(CLI::IsMember({"auto", "float32", "bfloat16"}));
  app.add_option("--log-level", global.log_level, "trace, debug, info, warning, error, critical or off");
  app.add_flag("--quiet", global.quiet, "Only warnings and errors on stderr");
}

/// The options of commands that can run as several processes.
void add_process_options(CLI::App* c, ProcessOptions& o) {
  constexpr int kMostProcesses = 256;
  constexpr double kLongest = 86'400.0;
  c->add_option("--nproc", o.count, "Run as N processes of this machine, each with its share of the threads")
      ->check(CLI::Range(1, kMostProcesses));
  c->add_option(
      "--bind", o.bind,
      "Where processes on several machines listen: this machine's address or interface (or SVHN_BIND)");
  c->add_option("--timeout", o.timeout, "Seconds until a process that does not answer is lost")
      ->check(CLI::Range(1.0, kLongest))
      ->capture_default_str();
}

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

/// The options that `train` and `transfer` share.
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

void add_evaluate(CLI::App& app, Arguments& arguments, const Engine& engine) {
  EvaluateCommandOptions& o = arguments.evaluate;
  CLI::App* c = add_command(app, "evaluate", "Measure a model on a split",
                            "svhn evaluate --model models/model_2_1.best.safetensors --split test");
  c->add_option("--model", o.model, "The model file")->required();
  c->add_option("--data", o.data, "Prepared file; default: the one of the model's run folder");
  c->add_option("--split", o.split, "Which rows")
      ->check(CLI::IsMember({"test", "val", "train"}))
      ->capture_default_str();
  c->add_option("--predictions", o.predictions, "Write each image's prediction (CSV)");
  c->add_option("--confusion", o.confusion, "Draw the confusion matrix (FILE.png or FILE.svg)");
  c->add_option("--reliability", o.reliability, "Draw how right each confidence is (FILE.png or FILE.svg)");
  c->add_flag("--json", o.json, "One JSON document on stdout");
  add_process_options(c, o.processes);
  c->callback([&] { arguments.command = [&] { return engine.evaluate(o, arguments.global); }; });
}

void add_interpret(CLI::App& app, Arguments& arguments, const Engine& engine) {
  InterpretCommandOptions& o = arguments.interpret;
  CLI::App* c = add_command(app, "interpret", "Show what a model sees, confuses and learns",
                            "svhn interpret --model models/model_2_2.safetensors --output interpretation");
  c->add_option("--model", o.model, "The model file")->required();
  c->add_option("--data", o.data, "Prepared file; default: the one of the model's run folder");
  c->add_option("--output", o.output, "Folder for what is made")->required();
  c->add_option("--what", o.what, "Some of confusion,misclassified,activations,embeddings,tsne,saliency")
      ->delimiter(',')
      ->check(CLI::IsMember({"confusion", "misclassified", "activations", "embeddings", "tsne", "saliency"}));
  c->add_option("--split", o.split, "Which rows")
      ->check(CLI::IsMember({"test", "val", "train"}))
      ->capture_default_str();
  c->add_option("--digit", o.digit, "The true digit whose mistakes are shown")
      ->check(CLI::Range(0, 9))
      ->capture_default_str();
  c->add_option("--index", o.index, "The image of activations and saliency, counted within the split")
      ->check(CLI::Range(std::int64_t{0}, kMostRows))
      ->capture_default_str();
  c->add_option("--layer", o.layers, "Layers by name or number (repeatable)")->allow_extra_args(false);
  c->add_option("--perplexity", o.perplexity, "Of t-SNE")->capture_default_str();
  c->add_option("--tsne-method", o.tsne_method, "fft (interpolation, linear time) or exact")
      ->check(CLI::IsMember({"fft", "exact"}))
      ->capture_default_str();
  c->add_option("--onto", o.onto, "Place the points on this map (tsne.safetensors)");
  c->add_option("--seed", o.seed, "Of t-SNE")->check(refuse_negative)->capture_default_str();
  c->add_flag("--json", o.json, "One JSON document on stdout");
  add_process_options(c, o.processes);
  c->callback([&] { arguments.command = [&] { return engine.interpret(o, arguments.global); }; });
}

void add_predict(CLI::App& app, Arguments& arguments, const Engine& engine) {
  PredictCommandOptions& o = arguments.predict;
  CLI::App* c = add_command(app, "predict", "Tell which digits pictures show",
                            "svhn predict --model models/model_2_1.best.safetensors house.png");
  c->add_option("--model", o.model, "The model file")->required();
  c->add_option("image", o.images, "Picture files or folders")->required();
  c->add_option("--top-k", o.top_k, "How many digits to tell for each picture")
      ->check(CLI::Range(1, 10))
      ->capture_default_str();
  c->add_flag("--tta", o.tta, "Average over small shifts of each picture");
  c->add_flag("--json", o.json, "One JSON document on stdout");
  c->callback([&] { arguments.command = [&] { return engine.predict(o, arguments.global); }; });
}

void add_report(CLI::App& app, Arguments& arguments, const Engine& engine) {
  ReportCommandOptions& o = arguments.report;
  CLI::App* c = add_command(app, "report", "Make one HTML page of run folders",
                            "svhn report --runs models --output report.html");
  c->add_option("--runs", o.runs, "Folders to look for runs in")->required();
  c->add_option("--output", o.output, "The page")->required();
  c->add_flag("--json", o.json, "One JSON document on stdout");
  c->callback([&] { arguments.command = [&] { return engine.report(o, arguments.global); }; });
}

void add_info(CLI::App& app, Arguments& arguments) {
  InfoOptions& o = arguments.info;
  CLI::App* c =
      add_command(app, "info", "Tell what a data file, a model, a checkpoint or a weights file holds",
                  "svhn info models/model_2_1.safetensors");
  c->add_option("file", o.file, "The file")->required();
  c->add_flag("--json", o.json, "One JSON document on stdout");
  c->callback([&] { arguments.command = [&] { return run_info(o); }; });
}

void add_convert(CLI::App& app, Arguments& arguments, const Engine& engine) {
  ConvertOptions& o = arguments.convert;
  CLI::App* c =
      add_command(app, "convert", "Turn a Keras model, pretrained weights or Keras curves into ours",
                  "svhn convert --input model_2_2.h5 --output models/model_2_2.safetensors");
  c->add_option("--input", o.input, "A Keras .h5, a PyTorch .pth, or pickled curves (.p)")->required();
  c->add_option("--output", o.output, "A .safetensors file, or .json for curves")->required();
  c->callback([&] { arguments.command = [&] { return engine.convert(o, arguments.global); }; });
}

void add_config(CLI::App& app, Arguments& arguments) {
  CLI::App* c =
      add_command(app, "config", "Check, show and describe configs", "svhn config check configs/*.json");
  c->require_subcommand(1);
  CLI::App* check = add_command(*c, "check", "Check configs and the shapes of their networks",
                                "svhn config check configs/q1_1.json");
  check->add_option("file", arguments.check.files, "Config files")->required();
  check->callback([&] { arguments.command = [&] { return run_config_check(arguments.check); }; });
  CLI::App* show = add_command(*c, "show", "Print a config with every default filled in",
                               "svhn config show configs/q1_1.json --set train.epochs=5");
  show->add_option("file", arguments.show.files, "Config file")->required()->expected(1);
  show->add_option("--set", arguments.show.set, "Change a value: a.b.c=value (repeatable)")
      ->allow_extra_args(false);
  show->callback([&] { arguments.command = [&] { return run_config_show(arguments.show); }; });
  CLI::App* schema =
      add_command(*c, "schema", "Print the JSON Schema of configs", "svhn config schema > svhn.schema.json");
  schema->callback([&] { arguments.command = [] { return run_config_schema(); }; });
}

void add_env(CLI::App& app, Arguments& arguments, const Engine& engine) {
  EnvOptions& o = arguments.env;
  CLI::App* c = add_command(app, "env", "Tell versions, processor, threads, precision, device and BLAS",
                            "svhn env --json");
  c->add_flag("--json", o.json, "One JSON document on stdout");
  c->callback([&] { arguments.command = [&] { return engine.env(o, arguments.global); }; });
}

}  // namespace

void add_commands(CLI::App& app, Arguments& arguments, const Engine& engine) {
  add_global(app, arguments.global);
  add_preprocess(app, arguments, engine);
  add_train(app, arguments, engine);
  add_transfer(app, arguments, engine);
  add_tune(app, arguments, engine);
  add_evaluate(app, arguments, engine);
  add_interpret(app, arguments, engine);
  add_predict(app, arguments, engine);
  add_report(app, arguments, engine);
  add_info(app, arguments);
  add_convert(app, arguments, engine);
  add_config(app, arguments);
  add_env(app, arguments, engine);
}

}  // namespace svhn::cli
