#include <nlohmann/json.hpp>

#include "core/fields.h"
#include "core/fields_json.h"
#include "core/json.h"
#include "metric/tuning.h"

namespace svhn::metric {
namespace {

using core::ExitCode;
using core::Fields;
using core::Name;
using core::Need;
using core::Visitor;
using Json = nlohmann::ordered_json;

constexpr core::IntegerRange kCount{0, std::int64_t{1} << 53};
constexpr core::NumberRange kAny{std::numeric_limits<double>::lowest(), std::numeric_limits<double>::max()};
constexpr core::TextRule kLong{std::size_t{4} << 20};
constexpr core::SizeRange kMany{0, 1'000'000};
constexpr std::array<Name<TrialStatus>, 3> kStatuses{{{TrialStatus::completed, "completed"},
                                                      {TrialStatus::failed, "failed"},
                                                      {TrialStatus::stopped, "stopped"}}};
constexpr std::array<Name<bool>, 2> kDirections{{{true, "max"}, {false, "min"}}};

/// An empty text is written as null.
void text_or_null(Fields& f, const core::Key& key, std::string& text) {
  f.member(key, [&](Visitor& visitor) {
    bool present = !text.empty();
    std::string held = text;
    visitor.nullable(present, [&](Visitor& inner) { inner.text(held, kLong); });
    text = present ? held : std::string();
  });
}

void numbers(Fields& f, const core::Key& key, std::vector<double>& values) {
  f.list(key, values, kMany, [](Visitor& visitor, double& value) { visitor.number(value, kAny); });
}

void describe_value(Fields& f, TunedValue& value) {
  f.text({"name", "Of the parameter.", Need::required}, value.name, kLong);
  f.list({"paths", "What it drives.", Need::required}, value.paths, {1, 1000},
         [](Visitor& visitor, std::string& path) { visitor.text(path, kLong); });
  f.text({"json", "The value as JSON text.", Need::required}, value.value, kLong);
}

void describe_trial(Fields& f, TrialResult& trial) {
  f.integer({"id", "From 1.", Need::required}, trial.id, {1, kCount.max});
  text_or_null(f, {"label", "Of a listed trial."}, trial.label);
  f.choice({"status", "How it ended.", Need::required}, trial.status, kStatuses);
  f.member({"values", "The same as parameters, by path; for readers."}, [](Visitor&) {});
  f.optional({"score", "Mean over the runs.", Need::required}, trial.score,
             [](Visitor& visitor, double& value) { visitor.number(value, kAny); });
  f.integer({"epochs", "Trained, over all runs.", Need::required}, trial.epochs, kCount);
  f.number({"seconds", "Of training.", Need::required}, trial.seconds, core::between(0, kAny.max));
  text_or_null(f, {"error", "Why it did not complete.", Need::required}, trial.error);
  numbers(f, {"run_scores", "One for each fold and repeat.", Need::required}, trial.run_scores);
  numbers(f, {"curve", "The objective by epoch.", Need::required}, trial.curve);
  f.list({"parameters", "What was put into the config.", Need::required}, trial.values, kMany,
         [](Visitor& visitor, TunedValue& value) {
           visitor.object([&](Fields& inner) { describe_value(inner, value); });
         });
}

void describe_result(Fields& f, TuningResult& result) {
  f.text({"name", "The config's.", Need::required}, result.name);
  f.text({"search", "random, grid or list.", Need::required}, result.search);
  f.text({"objective", "A learning curve.", Need::required}, result.objective);
  f.choice({"direction", "Whether high or low is good.", Need::required}, result.maximize, kDirections);
  f.boolean({"synthetic", "Found on synthetic digits.", Need::required}, result.synthetic);
  f.list({"trials", "By id.", Need::required}, result.trials, kMany,
         [](Visitor& visitor, TrialResult& trial) {
           visitor.object([&](Fields& inner) { describe_trial(inner, trial); });
         });
  f.member({"best", "The best trial, again."}, [](Visitor&) {});
}

Json values_json(const TrialResult& trial) {
  Json values = Json::object();
  for (const auto& value : trial.values) {
    for (const auto& path : value.paths) values[path] = Json::parse(value.value);
  }
  return values;
}

/// The values of a file are texts that hold JSON themselves.
void check_values(const TrialResult& trial, const std::string& source) {
  for (const auto& value : trial.values) core::parse_json_strict(value.value, source, ExitCode::data);
}

/// Messages may hold anything; what is written can be read again.
TrialResult printable(TrialResult trial) {
  trial.error = core::printable(trial.error, 4096);
  return trial;
}

}  // namespace

Json trial_json(const TrialResult& trial, TuningDetail detail) {
  TrialResult copy = printable(trial);
  Json full = core::write_fields(
      [&](Visitor& visitor) { visitor.object([&](Fields& f) { describe_trial(f, copy); }); });
  full["values"] = values_json(trial);
  if (detail == TuningDetail::full) return full;
  Json contract;
  for (const char* key : {"id", "status", "values", "score", "epochs", "seconds", "error"}) {
    contract[key] = full[key];
  }
  return contract;
}

TrialResult trial_from_json(const nlohmann::json& document, const std::string& source) {
  TrialResult trial;
  core::Problems problems(source);
  core::read_fields(
      document, [&](Visitor& visitor) { visitor.object([&](Fields& f) { describe_trial(f, trial); }); },
      problems);
  problems.throw_if_any(ExitCode::data, "the file is damaged; start the search anew with --overwrite");
  check_values(trial, source);
  return trial;
}

Json tuning_json(const TuningResult& result, TuningDetail detail) {
  TuningResult head{result.name, result.search, result.objective, result.maximize, result.synthetic, {}};
  Json document{{"objective", result.objective}};
  if (detail == TuningDetail::full) {
    document = core::write_fields(
        [&](Visitor& visitor) { visitor.object([&](Fields& f) { describe_result(f, head); }); });
  }
  document["trials"] = Json::array();
  for (const auto& trial : result.trials) document["trials"].push_back(trial_json(trial, detail));
  const TrialResult* best = best_trial(result);
  document["best"] = best == nullptr ? Json() : trial_json(*best, TuningDetail::contract);
  return document;
}

TuningResult read_tuning(const std::filesystem::path& path) {
  const auto document = core::read_json_file(path, ExitCode::data, {.max_bytes = std::size_t{256} << 20});
  TuningResult result;
  core::Problems problems(path.string());
  core::read_fields(
      document, [&](Visitor& visitor) { visitor.object([&](Fields& f) { describe_result(f, result); }); },
      problems);
  problems.throw_if_any(ExitCode::data, "the results of a search lie in OUTPUT/NAME/results.json");
  for (const auto& trial : result.trials) check_values(trial, path.string());
  return result;
}

}  // namespace svhn::metric
