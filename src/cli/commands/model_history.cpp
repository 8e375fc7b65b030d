#include "cli/commands/model_history.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "core/text.h"
#include "core/words.h"
#include "metric/history.h"
#include "results/about.h"

namespace svhn::cli {
namespace {

namespace fs = std::filesystem;
using core::ExitCode;
using nlohmann::ordered_json;

/// The course of a run, as far as a checkpoint or the files beside a model tell.
struct Course {
  std::int64_t epochs = 0;
  std::optional<std::int64_t> step{};           ///< Of a checkpoint: finished steps of the run,
  std::optional<std::int64_t> step_in_epoch{};  ///< and of the epoch under way.
  std::int64_t best_epoch = 0;                  ///< From 1; 0: none yet.
  double best_val_accuracy = 0.0;
  std::optional<double> last_val_accuracy{};
};

/// @throws core::Error(model) when the checkpoint is damaged.
Course course_of_checkpoint(const model::ModelFile& model) {
  const std::string source = model.file().path().string();
  const auto entry = model.file().metadata().find("state");
  const auto state = core::parse_json_strict(entry == model.file().metadata().end() ? "" : entry->second,
                                             source, ExitCode::model);
  try {
    Course course{state.at("epoch").get<std::int64_t>(), state.at("step").get<std::int64_t>(),
                  state.at("step_in_epoch").get<std::int64_t>(), state.at("best_epoch").get<std::int64_t>(),
                  state.at("best_val_accuracy").get<double>()};
    const auto& curve = state.at("history").at("val_accuracy");
    if (!curve.empty()) course.last_val_accuracy = curve.back().get<double>();
    return course;
  } catch (const nlohmann::json::exception&) {
    throw core::Error(ExitCode::model, "'" + source + "': its training state is incomplete",
                      "the checkpoint is damaged or of a newer version");
  }
}

/// @returns whether it is NAME.safetensors or NAME.best.safetensors, so that the name leads to no other
/// folder.
bool belongs_to_run(const model::ModelFile& model) {
  return results::which_model(model.file().path(), model) != "other";
}

/// @returns the course that NAME.history.json beside NAME.safetensors or NAME.best.safetensors tells.
std::optional<Course> course_beside(const model::ModelFile& model) {
  const std::filesystem::path path = model.file().path();
  const std::string& name = model.record().name;
  const auto history_file = path.parent_path() / (name + ".history.json");
  std::error_code error;
  if (!belongs_to_run(model) || !std::filesystem::exists(history_file, error)) return std::nullopt;
  const metric::History history = metric::read_history(history_file);
  const auto& curve = history.val_accuracy;
  if (curve.empty()) return std::nullopt;
  const auto best = std::max_element(curve.begin(), curve.end());
  return Course{
      static_cast<std::int64_t>(curve.size()), {}, {}, best - curve.begin() + 1, *best, curve.back()};
}

std::optional<Course> course_of(const model::ModelFile& model) {
  return model.is_checkpoint() ? course_of_checkpoint(model) : course_beside(model);
}

std::string course_text(const Course& course) {
  std::string text = "Trained: " + core::counted(course.epochs, "epoch");
  if (course.step) text += ", " + core::counted(*course.step, "step");
  if (course.step_in_epoch.value_or(0) > 0)
    text += ", the last " + core::with_thousands(*course.step_in_epoch) + " of them in the next epoch";
  if (course.best_epoch > 0)
    text += fmt::format("; best validation accuracy {:.4f} in epoch {}", course.best_val_accuracy,
                        course.best_epoch);
  if (course.last_val_accuracy)
    text += fmt::format(", {:.4f} after epoch {}", *course.last_val_accuracy, course.epochs);
  return text + "\n";
}

ordered_json course_json(const Course& course) {
  ordered_json json{{"epochs", course.epochs}};
  if (course.step) json["step"] = *course.step;
  if (course.step_in_epoch) json["step_in_epoch"] = *course.step_in_epoch;
  if (course.best_epoch > 0) {
    json["best_epoch"] = course.best_epoch;
    json["best_val_accuracy"] = course.best_val_accuracy;
  }
  if (course.last_val_accuracy) json["last_val_accuracy"] = *course.last_val_accuracy;
  return json;
}

/// @returns the evaluation in a folder of results, if it has one.
std::optional<Evaluation> evaluation_in(const fs::path& folder) {
  const fs::path path = folder / "evaluation.json";
  std::error_code error;
  if (!fs::exists(path, error) || !fs::exists(folder / results::kAboutFile, error)) return std::nullopt;
  const auto document = core::read_json_file(path, ExitCode::data);
  try {
    const auto& interval = document.at("accuracy_interval_95");
    Evaluation found{results::read_about(folder / results::kAboutFile),
                     document.at("accuracy").get<double>(),
                     {interval.at(0).get<double>(), interval.at(1).get<double>()}};
    const auto error_of = document.find("expected_calibration_error");
    if (error_of != document.end()) found.calibration_error = error_of->get<double>();
    return found;
  } catch (const nlohmann::json::exception&) {
    throw core::Error(ExitCode::data, "'" + path.string() + "' is no evaluation",
                      "remove it and evaluate again");
  }
}

std::string evaluation_text(const Evaluation& evaluation) {
  const results::About& about = evaluation.about;
  return fmt::format(
      "Evaluated: {} split of '{}'{}, {}: accuracy {:.4f} (95% interval {:.4f} to {:.4f}), {}; fingerprint "
      "{}\n",
      about.split, core::printable(about.data.file), about.data.synthetic ? " (synthetic digits)" : "",
      core::counted(about.split_images, "image"), evaluation.accuracy, evaluation.interval.first,
      evaluation.interval.second, core::printable(about.date), core::printable(about.split_fingerprint));
}

ordered_json evaluation_json(const Evaluation& evaluation) {
  const results::About& about = evaluation.about;
  return {{"split", about.split},
          {"data", about.data.file},
          {"synthetic", about.data.synthetic},
          {"images", about.split_images},
          {"split_fingerprint", about.split_fingerprint},
          {"accuracy", evaluation.accuracy},
          {"accuracy_interval_95", {evaluation.interval.first, evaluation.interval.second}},
          {"date", about.date}};
}

}  // namespace

std::vector<Evaluation> evaluations_of(const model::ModelFile& model) {
  if (!belongs_to_run(model)) return {};
  const fs::path folder = model.file().path().parent_path() / model.record().name / results::kResultsFolder;
  std::error_code error;
  std::vector<fs::path> folders;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    folders.push_back(entry->path());
  }
  if (folders.empty()) return {};
  std::sort(folders.begin(), folders.end());
  const std::string digest = results::model_digest(model);
  const std::string which = results::which_model(model.file().path(), model);
  std::vector<Evaluation> found;
  for (const fs::path& one : folders) {
    auto evaluation = evaluation_in(one);
    if (evaluation && evaluation->about.model.digest == digest && evaluation->about.model.which == which)
      found.push_back(std::move(*evaluation));
  }
  return found;
}

std::string training_text(const model::ModelFile& model) {
  const auto course = course_of(model);
  return course ? course_text(*course) : "";
}

std::string history_text(const model::ModelFile& model) {
  std::string text = training_text(model);
  for (const Evaluation& evaluation : evaluations_of(model)) text += evaluation_text(evaluation);
  return text;
}

void add_history(const model::ModelFile& model, ordered_json& document) {
  if (const auto course = course_of(model)) document["training"] = course_json(*course);
  for (const Evaluation& evaluation : evaluations_of(model))
    document["evaluations"].push_back(evaluation_json(evaluation));
}

}  // namespace svhn::cli
