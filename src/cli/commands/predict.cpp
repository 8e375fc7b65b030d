#include "cli/commands/predict.h"

#include "cli/command_line.h"

namespace svhn::cli {
namespace {

constexpr int kShiftsByAPixel = 9;

}  // namespace

void add_options(CLI::App& command, PredictCommandOptions& options) {
  add_models(command, options.models, false);
  add_path(
      command, "image", options.images,
      "Picture files or folders; - reads a picture, or names of files line by line, from the standard input")
      ->required();
  command.add_option("--top-k", options.top_k, "How many digits to print for each picture")
      ->check(CLI::Range(1, 10))
      ->capture_default_str();
  command.add_option(
      "--reject", options.reject,
      "Give no answer of a smaller probability, 0 to 1; without it, those below 0.5 are marked "
      "with 'no digit?'");
  auto* views = add_views(command, options.views);
  command
      .add_flag_callback(
          "--tta", [&options] { options.views.count = kShiftsByAPixel; }, "As --views 9")
      ->excludes(views);
  auto* json = command.add_flag("--json", options.json, "One JSON document on stdout");
  command
      .add_flag(
          "--jsonl", options.jsonl,
          "Answers as JSON lines, as they come; - then reads names, or {\"file\", \"id\"}, line by line")
      ->excludes(json);
}

}  // namespace svhn::cli
