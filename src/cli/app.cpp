#include "svhn/cli/app.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <exception>
#include <new>

#include "svhn/cli/commands.h"
#include "svhn/cli/console.h"
#include "svhn/core/build_info.h"
#include "svhn/core/fields_json.h"
#include "svhn/core/json.h"
#include "svhn/core/signals.h"

namespace svhn::cli {
namespace {

using core::Error;
using core::ExitCode;

/// All that the parser fills in; it must live as long as the parser.
struct Arguments {
  GlobalOptions global;
  PreprocessOptions preprocess;
  TrainCommandOptions train;
  EvaluateCommandOptions evaluate;
  InfoOptions info;
  ConfigOptions check;
  ConfigOptions show;
  EnvOptions env;
  std::function<int()> command;
};

constexpr std::int64_t kMostRows = 10'000'000;  // 31 GB of pixels.

/// CLI11 2.1 reads -1 as a huge unsigned number without complaint.
std::string refuse_negative(const std::string& text) {
  return text.starts_with('-') ? text + " is negative" : std::string();
}

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

void add_train(CLI::App& app, Arguments& arguments, const Engine& engine) {
  TrainCommandOptions& o = arguments.train;
  CLI::App* c =
      add_command(app, "train", "Train a network from a config",
                  "svhn train --config configs/q2_1.json --data data/svhn.safetensors --set train.epochs=14");
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
  c->callback([&] { arguments.command = [&] { return engine.train(o, arguments.global); }; });
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
  c->add_flag("--json", o.json, "One JSON document on stdout");
  c->callback([&] { arguments.command = [&] { return engine.evaluate(o, arguments.global); }; });
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

/// @returns what is wrong with the first word that should be a (sub)command and is none, or nothing.
std::optional<Error> unknown_command(const CLI::App& app) {
  const CLI::App* last = &app;
  std::string path = "svhn ";
  while (!last->get_subcommands().empty()) {
    last = last->get_subcommands().front();
    path += last->get_name() + " ";
  }
  const auto words = app.remaining(true);  // A subcommand hands on what it does not know.
  std::vector<std::string> known;
  for (const CLI::App* command : last->get_subcommands({})) known.push_back(command->get_name());
  if (known.empty() || words.empty() || words.front().starts_with("-")) return std::nullopt;
  const std::vector<std::string_view> names(known.begin(), known.end());
  const std::string near(core::nearest_name(words.front(), names));
  return Error(ExitCode::usage, "unknown command '" + core::printable(words.front()) + "'",
               near.empty() ? "see " + path + "--help" : "did you mean '" + path + near + "'?");
}

/// CLI11's own words for what is wrong, on one line and without its class names.
Error usage_error(const CLI::ParseError& error, const CLI::App& app) {
  if (const auto unknown = unknown_command(app)) return *unknown;
  std::string text = error.what();
  for (char& c : text) c = c == '\n' ? ' ' : c;
  const auto parsed = app.get_subcommands();
  const std::string command = parsed.empty() ? "" : " " + parsed.front()->get_name();
  return {ExitCode::usage, text, "see svhn" + command + " --help"};
}

int run_parsed(Arguments& arguments) {
  set_up_logging(arguments.global);
  return arguments.command();
}

/// The border where every exception becomes a line and an exit code.
int guarded(const std::function<int()>& body) {
  try {
    return body();
  } catch (const Error& error) {
    return report_error(error);
  } catch (const core::Interrupted& stop) {
    report_failure(stop.what());
    return 128 + stop.signal();
  } catch (const std::bad_alloc&) {
    return report_error({ExitCode::data, "out of memory", "use a smaller batch or less data"});
  } catch (const std::exception& error) {
    std::string text = error.what();
    return report_error({ExitCode::bug, "internal: " + text.substr(0, text.find('\n')),
                         "this is a defect of svhn; please report it"});
  }
}

}  // namespace

int run(int argc, const char* const* argv, const Engine& engine) {
  CLI::App app("svhn: train, evaluate and explain digit classifiers on Street View House Numbers", "svhn");
  app.set_version_flag("--version", "svhn " + core::version());
  app.footer(
      "Example:\n  svhn preprocess --synthetic 8000 --output data/svhn.safetensors\n  svhn train --config "
      "configs/smoke.json");
  app.require_subcommand(1);
  Arguments arguments;
  add_global(app, arguments.global);
  add_preprocess(app, arguments, engine);
  add_train(app, arguments, engine);
  add_evaluate(app, arguments, engine);
  add_info(app, arguments);
  add_config(app, arguments);
  add_env(app, arguments, engine);
  return guarded([&] {
    try {
      app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
      print_text(app.help());
      return 0;
    } catch (const CLI::CallForVersion&) {
      print_text("svhn " + core::version() + "\n");
      return 0;
    } catch (const CLI::ParseError& error) {
      throw usage_error(error, app);
    }
    return run_parsed(arguments);
  });
}

}  // namespace svhn::cli
