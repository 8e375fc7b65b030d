#include <CLI/App.hpp>

#include "cli/command_line.h"

namespace svhn::cli {
namespace {

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

}  // namespace

void add_result_commands(CLI::App& app, Arguments& arguments, const Engine& engine) {
  add_evaluate(app, arguments, engine);
  add_interpret(app, arguments, engine);
  add_predict(app, arguments, engine);
  add_report(app, arguments, engine);
}

}  // namespace svhn::cli
