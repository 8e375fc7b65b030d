#include <algorithm>
#include <array>
#include <cstdio>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/engine/interpret/study.h"
#include "cli/engine/model_source.h"
#include "core/file.h"
#include "formats/safetensors/header.h"
#include "model/summary.h"

namespace svhn::cli {
namespace {

using nlohmann::ordered_json;

ordered_json parts_of(const Study& study) {
  ordered_json parts = ordered_json::array();
  for (const StudyPart& part : kStudyParts) {
    if (study.wants(part.name)) parts.push_back(part.name);
  }
  return parts;
}

std::string line(const char* name, const std::string& text) {
  std::string padded = "  " + std::string(name);
  padded.resize(18, ' ');
  return padded + text + "\n";
}

std::string number(const ordered_json& value, const char* format) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), format, value.get<double>());
  return text.data();
}

std::string count(const ordered_json& value) {
  return model::with_thousands(value.get<std::int64_t>());
}

std::string predictions_text(const ordered_json& document) {
  std::string text;
  if (document.contains("accuracy")) text += line("accuracy", number(document["accuracy"], "%.4f"));
  if (!document.contains("misclassified")) return text;
  const auto& wrong = document["misclassified"];
  text += line("misclassified", count(wrong["images"]) + ", " + count(wrong["of_digit"]) + " of the digit " +
                                    count(wrong["digit"]));
  return text + line("doubtful labels", count(wrong["suspected_label_errors"]));
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
  return text + line("saliency", "of image " + count(saliency["index"]) + ", a " + count(saliency["true"]) +
                                     " predicted as " + count(saliency["predicted"]) +
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
  return text + line("t-SNE", "KL divergence " + number(map["kl_divergence"], "%.4f") + " after " +
                                  count(map["iterations"]) + " steps, " + number(map["seconds"], "%.1f s"));
}

std::string study_text(const Study& study) {
  const ordered_json& document = study.document;
  std::string text = study.title() + ": " + count(document["images"]) + " images\n" +
                     predictions_text(document) + image_text(document) + map_text(document);
  text += "Files in " + study.files.output().string() + ":\n";
  for (const std::string& name : study.files.names()) text += "  " + name + "\n";
  if (study.files.copies()) text += "What a report shows is also in " + study.files.copies()->string() + "\n";
  return text;
}

/// All that several processes do together; nothing is written meanwhile. Afterwards rank 0 goes on alone.
void share_passes(Study& study, const DistributedContext& processes) {
  auto terms = shared_terms(study.file, study.data, study.options.split);
  terms["--what"] = parts_of(study);
  terms["--layer"] = study.options.layers;
  if (const auto& map = study.options.onto) {
    terms["--onto"] = formats::digest_of(core::MappedFile(*map, core::ExitCode::data).bytes());
  }
  processes.check_agreement(terms);
  if (study.wants_predictions()) judge(study);
  if (study.wants_embeddings()) embed_split(study);
}

void run_parts(Study& study) {
  if (study.wants_predictions()) study_predictions(study);
  if (study.wants("activations")) study_activations(study);
  if (study.wants("saliency")) study_saliency(study);
  if (study.wants_embeddings()) study_embeddings(study);
}

/// @param threads of rank 0 once it works alone; 0: all cores.
int interpret_among(const InterpretCommandOptions& options, const GlobalOptions& global,
                    DistributedContext& processes, int threads) {
  Study study(options, global, processes);
  study.check_requests();
  if (processes.several()) {
    share_passes(study, processes);
    if (!study.first()) return 0;
    kernels::set_threads(threads);
  }
  const auto images = study.data.indices(study.split).size();
  study.document = {{"model", study.file.record().name},
                    {"data", study.data.path().string()},
                    {"split", options.split},
                    {"images", images},
                    {"what", parts_of(study)}};
  if (study.data.synthetic()) study.document["synthetic"] = true;
  const ordered_json about = study.document;
  run_parts(study);
  study.files.publish_about(about);
  study.document["output"] = options.output.string();
  study.document["run_folder"] =
      study.files.copies() ? ordered_json(study.files.copies()->string()) : nullptr;
  study.document["files"] = study.files.names();
  options.json ? print_json(study.document) : print_text(study_text(study));
  return 0;
}

}  // namespace

int run_interpret(const InterpretCommandOptions& options, const GlobalOptions& global) {
  return run_distributed(options.processes, global,
                         [&](DistributedContext& processes, const GlobalOptions& own) {
                           return interpret_among(options, own, processes, global.threads);
                         });
}

}  // namespace svhn::cli
