#include "report/page/document.h"

#include <algorithm>
#include <numeric>

#include "metric/tables.h"
#include "report/page/base64.h"
#include "report/page/commands.h"
#include "report/page/result_document.h"

namespace svhn::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostTrials = 2'000;

Json history_document(const metric::History& history) {
  Json json = Json::object();
  for (const auto& field : metric::history_fields()) json[std::string(field.key)] = history.*field.values;
  return json;
}

Json ranges_json(const metric::History& history) {
  Json rows = Json::array();
  for (const auto& range : metric::curve_table(history)) {
    rows.push_back(Json{{"name", range.name},
                        {"min", range.min},
                        {"min_epoch", range.min_epoch},
                        {"max", range.max},
                        {"max_epoch", range.max_epoch}});
  }
  return rows;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

void add_curves(Json& json, const RunRecord& run) {
  for (const char* key :
       {"history", "ranges", "best_epoch", "best_val_accuracy", "seconds", "images_per_second"}) {
    json[key] = nullptr;
  }
  if (!run.history) return;
  const metric::History& history = *run.history;
  const auto best = best_epoch(run);
  json["history"] = history_document(history);
  json["ranges"] = ranges_json(history);
  json["best_epoch"] = best->epoch;
  json["best_val_accuracy"] = best->val_accuracy;
  if (!history.seconds.empty()) {
    json["seconds"] = std::accumulate(history.seconds.begin(), history.seconds.end(), 0.0);
  }
  if (!history.images_per_second.empty()) json["images_per_second"] = mean(history.images_per_second);
}

/// @returns null for a text that is unknown.
Json known(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json training_json(const RunRecord& run) {
  const TrainingFacts& facts = run.training;
  Json json{{"data", known(facts.data)},
            {"data_fingerprint", known(facts.fingerprint)},
            {"images", nullptr},
            {"splits", nullptr},
            {"augmentation", facts.augmentation ? known(*facts.augmentation) : Json(nullptr)},
            {"epochs", run.history ? Json(run.history->epochs()) : Json(nullptr)},
            {"seed", facts.seed ? Json(*facts.seed) : Json(nullptr)},
            {"precision", known(facts.precision)},
            {"date", known(facts.date)},
            {"split_fingerprint", known(facts.split_fingerprint)},
            {"val_fingerprint", known(facts.val_fingerprint)},
            {"synthetic", facts.synthetic ? Json(*facts.synthetic) : Json(nullptr)}};
  if (!facts.images) return json;
  json["images"] = facts.images->train;
  json["splits"] =
      Json{{"train", facts.images->train}, {"val", facts.images->val}, {"test", facts.images->test}};
  return json;
}

/// The commands that create missing parts.
Json missing_json(const RunRecord& run) {
  const ModelCommands commands(run.model, "", "test");
  Json json{
      {"train", "svhn train --config CONFIG.json --output " + shell_word(run.folder.parent_path().string())},
      {"evaluate", commands.evaluate()},
      {"interpret", commands.interpret()}};
  for (const auto& [part, command] : commands.by_part()) json[part] = command;
  return json;
}

}  // namespace

Json run_json(const RunRecord& run, std::size_t id, SpriteSheets& sprites) {
  Json json{{"id", id},
            {"slug", run.slug},
            {"name", run.name},
            {"synthetic", run.synthetic},
            {"input", run.input},
            {"parameters", nullptr},
            {"facts", Json::array()},
            {"training", training_json(run)},
            {"problems", run.problems},
            {"missing", missing_json(run)}};
  for (const auto& [name, text] : run.facts) json["facts"].push_back(Json::array({name, text}));
  if (run.parameters) {
    json["parameters"] = Json{{"total", run.parameters->total},
                              {"trainable", run.parameters->trainable},
                              {"non_trainable", run.parameters->non_trainable}};
  }
  add_curves(json, run);
  json["results"] = Json::array();
  for (std::size_t i = 0; i < run.results.size(); ++i)
    json["results"].push_back(result_json(run, i, sprites));
  json["stale"] = run.stale_results.size();
  json["stale_folders"] = Json::array();
  for (const auto& folder : run.stale_results) json["stale_folders"].push_back(folder.string());
  return json;
}

Json search_json(const metric::TuningResult& search) {
  const auto* best = metric::best_trial(search);
  Json trials = Json::array();
  for (const auto& trial : search.trials) {
    if (trials.size() == kMostTrials) break;
    Json values = Json::object();
    for (const auto& value : trial.values) values[value.name] = value.shown();
    trials.push_back(Json{{"id", trial.id},
                          {"label", trial.label},
                          {"status", metric::trial_status_name(trial.status)},
                          {"values", std::move(values)},
                          {"score", trial.score ? Json(*trial.score) : Json(nullptr)},
                          {"epochs", trial.epochs},
                          {"seconds", trial.seconds},
                          {"error", trial.error}});
  }
  return Json{{"name", search.name + (search.synthetic ? " (synthetic digits)" : "")},
              {"search", search.search},
              {"objective", search.objective},
              {"maximize", search.maximize},
              {"best", best != nullptr ? Json(best->id) : Json(nullptr)},
              {"best_score", best != nullptr && best->score ? Json(*best->score) : Json(nullptr)},
              {"total", search.trials.size()},
              {"trials", std::move(trials)}};
}

Json sheets_json(const SpriteSheets& sprites) {
  Json sheets = Json::array();
  for (const std::string& sheet : sprites.sheets()) sheets.push_back(base64(std::as_bytes(std::span(sheet))));
  return sheets;
}

Json questions_json(const std::vector<Question>& questions) {
  Json list = Json::array();
  for (const Question& question : questions) {
    Json figures = Json::array();
    for (const Figure& figure : question.figures) {
      figures.push_back(
          Json{{"name", figure.name}, {"theirs", figure.theirs}, {"ours", figure.ours}, {"of", figure.of}});
    }
    list.push_back(Json{{"id", question.id},
                        {"title", question.title},
                        {"run", known(question.run)},
                        {"result", known(question.result)},
                        {"command", known(question.command)},
                        {"figures", std::move(figures)},
                        {"finding", question.finding},
                        {"comparable", question.comparable},
                        {"circumstances", question.circumstances},
                        {"pictures", question.pictures}});
  }
  return list;
}

}  // namespace svhn::report
