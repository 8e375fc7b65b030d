#include "cli/commands/training_data.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "core/json_view.h"
#include "data/fingerprint.h"
#include "results/about.h"

namespace svhn::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostImages = std::int64_t{1} << 40;

std::optional<TrainingData> summarised(const model::ModelFile& model) {
  const fs::path path = model.file().path();
  const fs::path file = path.parent_path() / model.record().name / "summary.json";
  std::error_code error;
  if (results::which_model(path, model) == "other" || !fs::exists(file, error)) return std::nullopt;
  const core::JsonDocument document(file);
  const core::JsonView summary = document.view();
  const auto data = summary.find("data");
  if (!data || !data->find("fingerprint")) return std::nullopt;  // Of an earlier version.
  if (data->at("synthetic").boolean() != model.record().synthetic ||
      summary.at("parameters").at("total").integer(0, kMostImages) != model.graph().counts.total)
    return std::nullopt;
  return TrainingData{fs::path(data->at("file").text()).filename().string(),
                      data::fingerprint_of(data->at("fingerprint").text()),
                      data->at("split_fingerprint").text(),
                      data->at("images").at("train").integer(0, kMostImages)};
}

}  // namespace

std::optional<TrainingData> training_data_of(const model::ModelFile& model,
                                             const std::vector<Evaluation>& evaluations) {
  auto training = summarised(model);
  if (!training) return training;
  for (const Evaluation& one : evaluations) {
    if (one.about.data.fingerprint == training->fingerprint) training->source = one.about.data.source;
  }
  return training;
}

bool is_svhn(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text.find("svhn") != std::string::npos || text.find("_32x32.mat") != std::string::npos;
}

bool trained_on_svhn(const model::ModelFile& model, const std::optional<TrainingData>& training) {
  return !model.record().synthetic && training && is_svhn(training->source);
}

std::string licence_note(const model::ModelFile& model, const std::optional<TrainingData>& training) {
  if (model.record().synthetic)
    return "Trained on digits that svhn drew itself: no licence of pictures binds the weights.";
  const std::string terms =
      std::string("SVHN (") + kSvhnPage + ") may be used for non-commercial purposes only.";
  return trained_on_svhn(model, training)
             ? "Trained on SVHN. " + terms
             : "The licence of the training pictures is unknown. If they are SVHN's: " + terms;
}

}  // namespace svhn::cli
