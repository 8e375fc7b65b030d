#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include "cli/commands/interpret.h"
#include "cli/console.h"
#include "cli/engine/class_rules.h"
#include "cli/engine/interpret/context.h"
#include "cli/engine/model_source.h"
#include "core/error.h"
#include "core/file.h"
#include "core/text.h"
#include "formats/safetensors/header.h"

namespace svhn::cli {
namespace {

using nlohmann::ordered_json;

ordered_json parts_of(const InterpretContext& context) {
  ordered_json parts = ordered_json::array();
  for (const results::Kind& kind : results::kKinds) {
    const std::string name = kind.name;
    const bool of_evaluate = name == "evaluation" || name == "robustness";
    if (!of_evaluate && context.wants(name)) parts.push_back(name);
  }
  return parts;
}

std::string line(const char* name, const std::string& text) {
  std::string padded = "  " + std::string(name);
  padded.resize(18, ' ');
  return padded + text + "\n";
}

std::string count(const ordered_json& value) {
  return core::with_thousands(value.get<std::int64_t>());
}

std::string predictions_text(const ordered_json& document) {
  std::string text;
  if (document.contains("accuracy"))
    text += line("accuracy", fmt::format("{:.4f}", document["accuracy"].get<double>()));
  if (document.contains("class_rule")) {
    const auto& finding = document["class_rule"];
    text +=
        line("note", finding_text({finding["accuracy"].get<double>(), finding["advice"].get<std::string>()}));
  }
  if (!document.contains("misclassified")) return text;
  const auto& wrong = document["misclassified"];
  text += line("misclassified", count(wrong["images"]) + ", " + count(wrong["of_digit"]) + " of the digit " +
                                    count(wrong["digit"]));
  return text + line("label errors", count(wrong["suspected_label_errors"]));
}

std::string image_text(const ordered_json& document) {
  std::string text;
  if (document.contains("activations")) {
    std::string names;
    for (const auto& layer : document["activations"]["layers"])
      names += " " + layer["name"].get<std::string>();
    text += line("activations", "of" + names);
  }
  if (!document.contains("saliency")) return text;
  const auto& saliency = document["saliency"];
  const bool cam = saliency["classes"][0]["grad_cam"].get<bool>();
  return text + line("saliency", "of image " + count(saliency["index"]) + ": true " +
                                     count(saliency["true"]) + ", predicted " + count(saliency["predicted"]) +
                                     (cam ? "" : "; no Grad-CAM, since the network has no convolution"));
}

std::string map_text(const ordered_json& document) {
  std::string text;
  if (document.contains("embeddings")) {
    const auto& points = document["embeddings"];
    text += line("embeddings", count(points["images"]) + " x " + count(points["features"]) + ", layer " +
                                   points["layer"].get<std::string>());
  }
  if (!document.contains("tsne")) return text;
  const auto& map = document["tsne"];
  return text + line("t-SNE", fmt::format("KL divergence {:.4f} after {} steps, {:.1f} s",
                                          map["kl_divergence"].get<double>(), count(map["iterations"]),
                                          map["seconds"].get<double>()));
}

std::string interpret_text(const InterpretContext& context) {
  const ordered_json& document = context.document;
  const std::string resized = resizing_text(context.models.sides());
  std::string text = context.title() + ": " + count(document["images"]) + " images" +
                     (resized.empty() ? "" : ", " + resized) + "\n" + models_text(context.options.models) +
                     predictions_text(document) + image_text(document) + map_text(document);
  text += "Files in " + context.files.output().string() + ":\n";
  for (const std::string& name : context.files.names()) text += "  " + name + "\n";
  return text + kept_text(context.files.copies());
}

/// Runs the passes over the data that all processes share. Nothing is written; rank 0 does the rest alone.
void share_passes(InterpretContext& context, const DistributedContext& processes) {
  auto terms = shared_terms(context.file, context.data, context.options.split);
  terms["models"] = context.models.digest();
  terms["--what"] = parts_of(context);
  terms["--layer"] = context.options.layers;
  if (const auto& map = context.options.onto) {
    terms["--onto"] = formats::digest_of(core::MappedFile(*map, core::ExitCode::data).bytes());
  }
  processes.check_agreement(terms);
  if (context.wants_predictions()) predict_split(context);
  if (context.wants_embeddings()) embed_split(context);
}

void run_parts(InterpretContext& context) {
  try {
    if (context.wants_predictions()) interpret_predictions(context);
    if (context.wants("activations")) interpret_activations(context);
    if (context.wants("saliency")) interpret_saliency(context);
    if (context.wants_embeddings()) interpret_embeddings(context);
  } catch (const core::Error&) {
    std::string made;
    for (const std::string& name : context.files.names()) made += (made.empty() ? "" : ", ") + name;
    if (!made.empty())
      spdlog::warn("warning: made before the error, in '{}': {}", context.files.output().string(), made);
    throw;
  }
}

/// @param threads of rank 0 after the shared passes; 0: all cores.
int interpret_distributed(const InterpretCommandOptions& options, const GlobalOptions& global,
                          DistributedContext& processes, int threads) {
  InterpretContext context(options, global, processes);
  context.check_requests();
  if (processes.several()) {
    share_passes(context, processes);
    if (!context.first()) return 0;
    kernels::set_threads(threads);
  }
  const auto images = context.data.indices(context.split).size();
  context.document = {{"model", context.name()},
                      {"data", context.data.path().string()},
                      {"split", options.split},
                      {"images", images},
                      {"what", parts_of(context)}};
  if (context.data.synthetic()) context.document["synthetic"] = true;
  context.add_models(context.document);
  add_resizing(context.document, context.models.sides());
  run_parts(context);
  context.document["output"] = context.files.output().string();
  context.document["run_folder"] =
      context.files.kept() ? ordered_json(context.files.kept()->string()) : nullptr;
  context.document["files"] = context.files.names();
  options.json ? print_json(context.document) : print_summary(global, interpret_text(context));
  return 0;
}

}  // namespace

int run_command(const InterpretCommandOptions& options, const GlobalOptions& global) {
  return run_distributed(options.processes, global,
                         [&](DistributedContext& processes, const GlobalOptions& own) {
                           return interpret_distributed(options, own, processes, global.threads);
                         });
}

}  // namespace svhn::cli
