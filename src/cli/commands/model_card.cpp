#include "cli/commands/model_card.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "cli/commands/model_history.h"
#include "cli/commands/training_data.h"
#include "core/error.h"
#include "core/json.h"
#include "core/text.h"
#include "core/words.h"
#include "data/preprocessing_text.h"
#include "model/summary.h"
#include "results/about.h"

namespace svhn::cli {
namespace {

namespace fs = std::filesystem;
using Evaluations = std::vector<Evaluation>;

constexpr std::size_t kLongestName = 1000;

/// What the sections are made of.
struct Facts {
  const model::ModelFile& model;
  Evaluations evaluations;
  std::optional<TrainingData> training;
};

/// @returns a text of a file in double quotes, for YAML, and for Python, where they mean the same.
std::string in_quotes(std::string_view text) {
  return nlohmann::json(core::printable(text, kLongestName)).dump();
}

/// @returns a text of a file with a backslash before all that Markdown could take for a mark.
std::string escaped(std::string_view text) {
  constexpr std::string_view kPlain = ".,-:' ";
  std::string result;
  for (const char c : core::printable(text, kLongestName)) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::ispunct(byte) != 0 && kPlain.find(c) == std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

Facts facts_of(const model::ModelFile& model) {
  std::vector<Evaluation> evaluations = evaluations_of(model);
  std::optional<TrainingData> training = training_data_of(model, evaluations);
  return {model, std::move(evaluations), std::move(training)};
}

bool trained_on_svhn(const Facts& facts) {
  return trained_on_svhn(facts.model, facts.training);
}

/// @returns the accuracy and the calibration error of an evaluation, as an entry of the "model-index".
std::string index_entry(const Evaluation& one) {
  const results::About& about = one.about;
  const char* type = "svhn-other";
  std::string name = "pictures of " + fs::path(about.data.file).filename().string();
  if (about.data.synthetic) {
    type = "svhn-synthetic", name = "synthetic digits of svhn";
  } else if (is_svhn(about.data.source)) {
    type = "ufldl-stanford/svhn", name = "SVHN, cropped digits";
  }
  std::string text = fmt::format(
      "  - task:\n      type: image-classification\n    dataset:\n      type: {}\n      name: {}\n"
      "      split: {}\n    metrics:\n    - type: accuracy\n      value: {}\n",
      type, in_quotes(name), about.split, one.accuracy);
  if (one.calibration_error)
    text += fmt::format("    - type: expected_calibration_error\n      value: {}\n", *one.calibration_error);
  return text;
}

/// @returns the block of metadata. A licence is named only where the pictures are known.
std::string metadata_block(const Facts& facts) {
  const bool svhn = trained_on_svhn(facts);
  std::string text = "---\n";
  text +=
      svhn ? fmt::format("license: other\nlicense_name: svhn-non-commercial\nlicense_link: {}\n", kSvhnPage)
           : "license: unknown\n";
  text += "library_name: svhn\npipeline_tag: image-classification\n";
  text += "tags:\n- image-classification\n- digits\n- svhn\n- safetensors\n";
  if (facts.model.record().synthetic) text += "- synthetic-data\n";
  if (svhn) text += "datasets:\n- ufldl-stanford/svhn\n";
  if (facts.evaluations.empty()) return text + "---\n\n";
  text += "metrics:\n- accuracy\nmodel-index:\n- name: " + in_quotes(facts.model.record().name) +
          "\n  results:\n";
  for (const Evaluation& one : facts.evaluations) text += index_entry(one);
  return text + "---\n\n";
}

std::string title(const Facts& facts) {
  const model::ModelRecord& record = facts.model.record();
  return fmt::format(
      "# {}\n\nA network of {} parameters in {} that says which digit from 0 to 9 a picture shows. Its "
      "input is one picture of {} x {} pixels and {}; its outputs stand for the digits 1 to 9 and 0, in "
      "this order. It is {} of svhn, one safetensors file.\n\n```text\n{}```\n\n",
      escaped(record.name), core::with_thousands(facts.model.graph().counts.total),
      core::counted(static_cast<std::int64_t>(facts.model.graph().layers.size()), "layer"),
      record.input.at(1), record.input.at(2), core::counted(record.input.at(0), "channel"),
      facts.model.is_checkpoint() ? "a checkpoint" : "a model",
      core::printable_lines(model::summary_text(facts.model.graph(), core::printable(record.name))));
}

std::string licence_text(const Facts& facts) {
  if (facts.model.record().synthetic)
    return "The digits were drawn by svhn itself, so no licence of pictures binds the weights; that of the "
           "weights is unknown.";
  const std::string terms = fmt::format(
      "[SVHN]({}) (Yuval Netzer and others, 2011) may be used for **non-commercial purposes only**",
      kSvhnPage);
  if (trained_on_svhn(facts)) return terms + ".";
  return "The licence of the pictures is unknown. If they are SVHN's: " + terms + ".";
}

std::string data_section(const Facts& facts) {
  const model::ModelRecord& record = facts.model.record();
  std::string text = "## Data and licence\n\n";
  if (record.synthetic) {
    text += "Trained on **synthetic digits**, not on photographs. ";
  } else if (!record.imported_classes.empty()) {
    text += "Converted from a Keras model, which does not tell its training pictures. ";
  } else if (!facts.training) {
    text += "The files do not tell the training pictures. ";
  }
  text += licence_text(facts) + "\n";
  if (facts.training) {
    const TrainingData& training = *facts.training;
    text += fmt::format(
        "\n- training split: {} of {}{}\n- fingerprint of source, labels and splits: {}\n"
        "- fingerprint of the training split: {}\n",
        core::counted(training.images, "image"), escaped(training.file),
        training.source.empty() || record.synthetic ? "" : ", made of " + escaped(training.source),
        escaped(training.fingerprint), escaped(training.split_fingerprint));
  }
  return text + "\n";
}

std::string training_section(const Facts& facts) {
  const std::string course = training_text(facts.model);
  return course.empty() ? "" : "## Training\n\n" + course + "\n";
}

std::string evaluation_row(const Evaluation& one) {
  const results::About& about = one.about;
  return fmt::format("| {} of {}{} | {} | {:.4f} | {:.4f} to {:.4f} | {} | {} | {} |\n", about.split,
                     escaped(fs::path(about.data.file).filename().string()),
                     about.data.synthetic ? " (synthetic)" : "", core::with_thousands(about.split_images),
                     one.accuracy, one.interval.first, one.interval.second,
                     one.calibration_error ? fmt::format("{:.4f}", *one.calibration_error) : "unknown",
                     escaped(about.split_fingerprint), escaped(about.date));
}

std::string evaluation_section(const Facts& facts) {
  std::string text = "## Evaluation\n\n";
  if (facts.evaluations.empty()) return text + "No evaluation of these weights is known.\n\n";
  text +=
      "| split | images | accuracy | 95 % interval | calibration error (ECE) | fingerprint of the split "
      "| date |\n|---|---|---|---|---|---|---|\n";
  for (const Evaluation& one : facts.evaluations) text += evaluation_row(one);
  return text +
         "\nThe interval is Wilson's, for the number of images alone. The expected calibration error is "
         "the mean distance between stated probability and accuracy; 0 is best.\n\n";
}

std::string limits_section(const Facts& facts) {
  std::string text =
      "## Limits\n\n- It reads one digit, in the middle of the picture; a number of several digits must "
      "be cut up first.\n- It answers with a digit whatever it is shown, also where there is none; `svhn "
      "predict --reject` gives no answer of a small probability.\n";
  if (facts.model.record().synthetic)
    text += "- It has learnt from synthetic digits alone; what it makes of photographs is unknown.\n";
  if (facts.model.is_checkpoint())
    text += "- It is a checkpoint of a training run, which may not have ended.\n";
  return text + "\n";
}

std::string use_section(const Facts& facts) {
  const std::string name = fs::path(facts.model.file().path()).filename().string();
  const auto steps = data::preprocessing_from_json(facts.model.record().preprocessing,
                                                   facts.model.file().path().string(), core::ExitCode::model);
  return fmt::format(
      "## Use\n\nPreprocessing of a picture: resized to the size of the input, then {}.\n\n"
      "In Python, with numpy and safetensors:\n\n```python\nimport json\n"
      "from safetensors import safe_open\nfrom safetensors.numpy import load_file\n\nfile = {}\n"
      "weights = load_file(file)                  # name: array, in PyTorch's layouts\n"
      "with safe_open(file, framework=\"np\") as model:\n    metadata = model.metadata()\n"
      "layers = json.loads(metadata[\"layers\"])[\"layers\"]\n"
      "preprocessing = json.loads(metadata[\"preprocessing\"])\n"
      "classes = json.loads(metadata[\"classes\"])  # the digit of each output\n```\n\n"
      "In C++: svhn's page `docs/cpp_api.md`. On the command line: `svhn predict --model FILE PICTURE`. "
      "As ONNX, for other programs: `svhn export --model FILE --output FILE.onnx`.\n",
      data::preprocessing_text(steps), in_quotes(name));
}

}  // namespace

std::string model_card(const model::ModelFile& model) {
  const Facts facts = facts_of(model);
  return metadata_block(facts) + title(facts) + data_section(facts) + training_section(facts) +
         evaluation_section(facts) + limits_section(facts) + use_section(facts);
}

}  // namespace svhn::cli
