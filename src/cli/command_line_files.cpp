#include <CLI/App.hpp>

#include "cli/command_line.h"
#include "cli/commands.h"

namespace svhn::cli {
namespace {

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

void add_file_commands(CLI::App& app, Arguments& arguments, const Engine& engine) {
  add_info(app, arguments);
  add_convert(app, arguments, engine);
  add_config(app, arguments);
  add_env(app, arguments, engine);
}

}  // namespace svhn::cli
