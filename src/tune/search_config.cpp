#include "tune/search_config.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "config/compare_config.h"
#include "core/fields_json.h"
#include "core/json.h"

namespace svhn::tune {
namespace {

using core::ExitCode;
using core::Fields;
using core::Name;
using core::Problems;
using core::Visitor;
using nlohmann::json;
using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 4> kObjectives{"loss", "accuracy", "val_loss", "val_accuracy"};
constexpr std::array<Name<SearchType>, 4> kSearches{{{SearchType::random, "random"},
                                                     {SearchType::grid, "grid"},
                                                     {SearchType::list, "list"},
                                                     {SearchType::tpe, "tpe"}}};
constexpr std::array<Name<FoldOrder>, 3> kOrders{
    {{FoldOrder::plain, "plain"}, {FoldOrder::shuffled, "shuffled"}, {FoldOrder::stratified, "stratified"}}};
constexpr std::array<Name<Score>, 3> kScores{
    {{Score::automatic, "auto"}, {Score::best, "best"}, {Score::last, "last"}}};
constexpr std::array<Name<StoppingType>, 2> kStoppings{
    {{StoppingType::median, "median"}, {StoppingType::halving, "halving"}}};
constexpr std::array<std::string_view, 4> kRoots{"/model", "/train", "/data/preprocess", "/data/augment"};
constexpr std::int64_t kMaxTrials = 100'000;
constexpr std::int64_t kMaxInteger = std::int64_t{1} << 53;
constexpr double kMaxNumber = 1e300;
constexpr std::size_t kMaxParameters = 1000;

/// The keys of a parameter in JSON. The elements of "choice", which may be any JSON, are read by `finished`.
struct SpelledParameter {
  Parameter parameter;
  std::vector<std::int64_t> integers;
  std::vector<double> uniform;
  std::vector<double> log_uniform;
};

void describe_stopping(Fields& f, StoppingOptions& o) {
  f.choice({"type",
            "median: stop a trial that is worse than the median of the others; halving: successive halving."},
           o.type, kStoppings);
  f.integer({"min_epochs", "Epochs that every trial runs at least; halving: the first rung."}, o.min_epochs,
            {1, 1'000'000});
  f.integer({"min_trials", "median: completed trials before any trial is stopped."}, o.min_trials,
            {1, kMaxTrials});
  f.integer({"reduction",
             "halving: reduction factor; 1 of this many trials continues, to this many times the epochs."},
            o.reduction, {2, 1000});
  f.integer(
      {"brackets", "halving: brackets of trials (Hyperband); each starts one rung above the one before."},
      o.brackets, {1, 20});
}

void describe_tpe(Fields& f, TpeOptions& o) {
  f.integer({"startup", "Random trials at the start; hyperopt: 20, Optuna: 10."}, o.startup, {1, kMaxTrials});
  f.integer(
      {"round",
       "Trials proposed at once, which several processes may train at a time; they know the results of the "
       "rounds before."},
      o.round, {1, 1000});
  f.number({"gamma", "Share of the trials that count as good, at most 25 of them; Bergstra et al.: 0.15."},
           o.gamma, core::above(0.0, 0.5));
  f.integer({"candidates",
             "Draws for each value, of which the likeliest among good trials in proportion to the "
             "others is proposed; hyperopt and Optuna: 24."},
            o.candidates, {1, 10'000});
}

void describe_runs(Fields& f, TuneOptions& o) {
  f.optional(
      {"folds",
       "Folds of a cross-validation on the training split; null: training and validation split as prepared."},
      o.folds, [](Visitor& v, std::int64_t& folds) {
        v.integer(folds, {2, 1000});
      });
  f.choice({"fold_order", "How rows become folds: plain (blocks in order), shuffled or stratified by class."},
           o.fold_order, kOrders);
  f.integer({"repeats", "Runs of each trial and fold, with the seeds train.seed, train.seed + 1 …"},
            o.repeats, {1, 1000});
  f.choice({"score", "Epoch whose objective is the score of a run; auto: last with folds, else best."},
           o.score, kScores);
}

void describe_change(Fields& f, Change& change, bool reading) {
  f.text({"label", "Name of the trial in tables.", core::Need::required}, change.label, {.max_bytes = 200});
  if (reading) f.member({"values", ""}, [](Visitor&) {});
}

std::string path_fault(const std::string& path) {
  const auto under = [&](std::string_view root) {
    return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
  };
  if (std::none_of(kRoots.begin(), kRoots.end(), under)) {
    return "no path below /model, /train, /data/preprocess or /data/augment";
  }
  for (std::size_t i = path.find('~'); i != std::string::npos; i = path.find('~', i + 1)) {
    const bool escape = i + 1 < path.size() && (path[i + 1] == '0' || path[i + 1] == '1');
    if (!escape) return "no JSON pointer: '~' must be written ~0, and '/' within a key ~1";
  }
  return "";
}

void describe_parameter(Fields& f, SpelledParameter& o) {
  Parameter& p = o.parameter;
  f.list({"paths", "JSON pointers of the values that the parameter sets; default: its name."}, p.paths,
         {1, 100}, [](Visitor& v, std::string& path) { v.text(path, {.max_bytes = 1024}); });
  f.list({"choice", "Values to choose from."}, p.choices, {1, 1000}, [](Visitor&, std::string&) {});
  f.list({"int", "[first, last] or [first, last, step]: integers, both ends included."}, o.integers, {2, 3},
         [](Visitor& v, std::int64_t& value) {
           v.integer(value, {-kMaxInteger, kMaxInteger});
         });
  const auto number = [](Visitor& v, double& value) {
    v.number(value, core::between(-kMaxNumber, kMaxNumber));
  };
  f.list({"uniform", "[low, high]: uniformly distributed numbers."}, o.uniform, {2, 2}, number);
  f.list({"log_uniform", "[low, high]: log-uniformly distributed numbers."}, o.log_uniform, {2, 2}, number);
  const int kinds = static_cast<int>(!p.choices.empty()) + static_cast<int>(!o.integers.empty()) +
                    static_cast<int>(!o.uniform.empty()) + static_cast<int>(!o.log_uniform.empty());
  f.check(kinds == 1, "", "needs exactly one of choice, int, uniform and log_uniform");
  f.check(o.integers.empty() || o.integers[0] <= o.integers[1], "int", "the first value is above the last");
  f.check(o.integers.size() < 3 || o.integers[2] > 0, "int", "the step is not above 0");
  f.check(o.uniform.empty() || o.uniform[0] < o.uniform[1], "uniform", "the low end is not below the high");
  f.check(o.log_uniform.empty() || (o.log_uniform[0] > 0 && o.log_uniform[0] < o.log_uniform[1]),
          "log_uniform", "the ends must be above 0, the low one below the high one");
}

void describe_tune(Fields& f, TuneOptions& o, bool reading) {
  f.choice({"objective", "Learning curve to optimize; accuracies are maximized, losses minimized."},
           o.objective, kObjectives);
  f.choice({"search",
            "How trials are chosen: random draws, every point of a grid, a list, or by a Parzen estimator."},
           o.search, kSearches);
  f.optional(
      {"trials", "Number of trials; null: 10 random ones, 30 of tpe, the whole grid or the whole list."},
      o.trials, [](Visitor& v, std::int64_t& trials) {
        v.integer(trials, {1, kMaxTrials});
      });
  describe_runs(f, o);
  f.natural({"seed", "Seed of the random draws and of shuffled folds."}, o.seed);
  f.optional({"tpe", "The search tpe; null: the defaults."}, o.tpe,
             [](Visitor& v, TpeOptions& tpe) { v.object([&](Fields& inner) { describe_tpe(inner, tpe); }); });
  f.check(!o.tpe || o.search == SearchType::tpe, "tpe", "needs search to be tpe");
  f.optional({"stopping", "Early stopping of bad trials; null: off."}, o.stopping,
             [](Visitor& v, StoppingOptions& stopping) {
               v.object([&](Fields& inner) { describe_stopping(inner, stopping); });
             });
  f.list({"list", "Trials of the search list."}, o.list, {0, static_cast<std::size_t>(kMaxTrials)},
         [reading](Visitor& v, Change& change) {
           v.object([&](Fields& inner) { describe_change(inner, change, reading); });
         });
  const bool listed = o.search == SearchType::list;
  f.check(!listed || !o.list.empty(), "list", "search is list, but there is no trial");
  f.check(listed || o.list.empty(), "list", "needs search to be list");
}

std::vector<SpelledParameter> parameter_names(const json& section) {
  std::vector<SpelledParameter> named;
  if (!section.is_object() || !section.contains("space") || !section["space"].is_object()) return named;
  for (const auto& [name, value] : section["space"].items()) {
    if (named.size() == kMaxParameters) break;  // The rest is refused as unknown.
    named.emplace_back().parameter.name = name;
  }
  return named;
}

/// Describes the section with parameters of these names.
void describe_section(Fields& f, TuneOptions& options, std::vector<SpelledParameter>& space) {
  f.member({"space", "Parameters by name; a name may be the JSON pointer of the one value that it sets."},
           [&](Visitor& visitor) {
             visitor.object([&](Fields& inner) {
               for (auto& spelled : space) {
                 inner.member({spelled.parameter.name.c_str(), ""}, [&](Visitor& v) {
                   v.object([&](Fields& fields) { describe_parameter(fields, spelled); });
                 });
               }
             });
           });
  describe_tune(f, options, true);
  const bool listed = options.search == SearchType::list;
  f.check(listed || !space.empty(), "space", "there is nothing to search over");
  f.check(!listed || space.empty(), "space", "a list has its values in its trials");
}

std::string pointer_to(const std::string& name) {
  return "/tune/space" + core::pointer_part(name);
}

/// @param spelled read without a fault. @param value its JSON.
Parameter finished(SpelledParameter spelled, const json& value) {
  Parameter p = std::move(spelled.parameter);
  if (p.paths.empty()) p.paths = {p.name};
  for (auto& path : p.paths) path = config::current_pointer(path);
  if (!spelled.integers.empty()) {
    p.kind = ParameterKind::integers;
    p.first = spelled.integers[0];
    p.last = spelled.integers[1];
    p.step = spelled.integers.size() > 2 ? spelled.integers[2] : 1;
  } else if (!spelled.uniform.empty()) {
    p.kind = ParameterKind::uniform;
    p.low = spelled.uniform[0];
    p.high = spelled.uniform[1];
  } else if (!spelled.log_uniform.empty()) {
    p.kind = ParameterKind::log_uniform;
    p.low = spelled.log_uniform[0];
    p.high = spelled.log_uniform[1];
  }
  for (std::size_t i = 0; i < p.choices.size(); ++i) p.choices[i] = value["choice"][i].dump();
  return p;
}

void check_paths(const TuneOptions& options, Problems& problems) {
  std::map<std::string, std::string> owners;
  for (const auto& parameter : options.space) {
    for (const auto& path : parameter.paths) {
      const std::string fault = path_fault(path);
      std::string shown = "'";
      shown.append(core::printable(path)).append("' is ");
      if (!fault.empty()) problems.add(pointer_to(parameter.name), std::string(shown).append(fault));
      const auto [other, is_new] = owners.emplace(path, parameter.name);
      if (is_new) continue;
      shown.append("driven by '").append(core::printable(other->second)).append("' already");
      problems.add(pointer_to(parameter.name), shown);
    }
  }
}

/// A repeated value would give two equal trials.
void check_choices(const TuneOptions& options, Problems& problems) {
  for (const auto& parameter : options.space) {
    const std::set<std::string> distinct(parameter.choices.begin(), parameter.choices.end());
    if (distinct.size() == parameter.choices.size()) continue;
    problems.add(pointer_to(parameter.name) + "/choice", "has the same value twice");
  }
}

void read_changes(const json& section, TuneOptions& options, Problems& problems) {
  for (std::size_t i = 0; i < options.list.size(); ++i) {
    const json& item = section["list"][i];
    const std::string place = "/tune/list/" + std::to_string(i) + "/values";
    if (!item.contains("values") || !item["values"].is_object()) {
      problems.add(place, "expected an object of paths and values");
      continue;
    }
    std::set<std::string> paths;
    for (const auto& [name, value] : item["values"].items()) {
      const std::string fault = path_fault(name), path = config::current_pointer(name);
      if (!fault.empty()) problems.add(place, "'" + core::printable(name) + "' is " + fault);
      if (!paths.insert(path).second) problems.add(place, "'" + path + "' stands there under two names");
      options.list[i].values.emplace_back(path, value.dump());
    }
  }
}

Json parameter_json(const Parameter& p) {
  Json out{{"paths", p.paths}};
  if (p.kind == ParameterKind::integers) {
    out["int"] = {p.first, p.last, p.step};
  } else if (p.kind == ParameterKind::choice) {
    for (const auto& choice : p.choices) out["choice"].push_back(Json::parse(choice));
  } else {
    out[p.kind == ParameterKind::uniform ? "uniform" : "log_uniform"] = {p.low, p.high};
  }
  return out;
}

}  // namespace

TuneOptions read_tune_section(const json& section, Problems& problems) {
  TuneOptions options;
  auto space = parameter_names(section);
  const std::size_t before = problems.size();
  const auto describe = [&](Visitor& visitor) {
    visitor.object([&](Fields& f) { describe_section(f, options, space); });
  };
  core::read_fields(section, describe, problems, "/tune");
  if (problems.size() != before) return options;  // What follows builds on what was read.
  for (auto& spelled : space) {
    const std::string name = spelled.parameter.name;
    options.space.push_back(finished(std::move(spelled), section["space"][name]));
  }
  check_paths(options, problems);
  check_choices(options, problems);
  read_changes(section, options, problems);
  return options;
}

Json tune_section_json(const TuneOptions& options) {
  TuneOptions copy = options;
  Json out = core::write_fields(
      [&](Visitor& visitor) { visitor.object([&](Fields& f) { describe_tune(f, copy, false); }); });
  if (options.search == SearchType::list) {
    for (std::size_t i = 0; i < options.list.size(); ++i) {
      Json values = Json::object();
      for (const auto& [path, value] : options.list[i].values) values[path] = Json::parse(value);
      out["list"][i]["values"] = values;
    }
  }
  if (!options.tpe) out.erase("tpe");  // Earlier versions did not write it.
  out["space"] = Json::object();
  for (const auto& parameter : options.space) out["space"][parameter.name] = parameter_json(parameter);
  return out;
}

Json tune_section_schema() {
  TuneOptions defaults;
  Json schema = core::fields_schema(
      [&](Visitor& visitor) { visitor.object([&](Fields& f) { describe_tune(f, defaults, false); }); });
  SpelledParameter spelled;
  Json parameter = core::fields_schema(
      [&](Visitor& visitor) { visitor.object([&](Fields& f) { describe_parameter(f, spelled); }); });
  parameter["properties"]["choice"].erase("items");  // Anything.
  for (const char* key : {"paths", "choice", "int", "uniform", "log_uniform"}) {
    parameter["properties"][key].erase("default");
  }
  schema["properties"]["space"] = {
      {"description", "Parameters by name; a name may be the JSON pointer of the one value that it sets."},
      {"type", "object"},
      {"additionalProperties", parameter}};
  auto& change = schema["properties"]["list"]["items"];
  change["required"] = {"label", "values"};
  change["properties"]["values"] = {
      {"description", "JSON pointer and value of everything that differs from the config."},
      {"type", "object"}};
  return schema;
}

Json document_schema() {
  Json schema = config::config_schema();
  schema["properties"]["tune"].update(tune_section_schema());
  schema["properties"]["compare"].update(config::compare_section_schema());
  return schema;
}

bool has_search(const json& document) {
  return document.is_object() && document.contains("tune");
}

SearchConfig load_search(const std::filesystem::path& path, const std::vector<std::string>& overrides) {
  SearchConfig search;
  search.source = core::printable(path.string(), 400);
  Problems problems(search.source);
  const json document = config::load_document(path, overrides, problems);
  search.base = config::read_run(document, problems);
  if (has_search(document)) {
    search.tune = read_tune_section(document["tune"], problems);
  } else {
    problems.add("/tune", "missing, but required for a search");
  }
  problems.throw_if_any(ExitCode::config, "'svhn config schema' describes every key and its range");
  return search;
}

bool maximised(const std::string& objective) {
  return objective.ends_with("accuracy");
}

}  // namespace svhn::tune
