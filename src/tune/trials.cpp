#include "tune/trials.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/json.h"
#include "tune/parameter.h"

namespace svhn::tune {
namespace {

using core::Error;
using core::ExitCode;
using nlohmann::json;

constexpr std::int64_t kMaxPoints = 100'000;
constexpr std::int64_t kRandomTrials = 10;
constexpr std::int64_t kTpeTrials = 30;
constexpr std::size_t kCheckedTrials = 1000;
constexpr const char* kHint = "'svhn config schema' describes every key and its range";

std::vector<Trial> random_trials(const TuneOptions& options, std::int64_t wanted) {
  std::vector<Trial> trials;
  std::set<std::vector<std::string>> seen;
  // Enough draws to find each of `wanted` equally likely trials; a narrow range may have fewer numbers than
  // that.
  const auto draws = static_cast<std::uint64_t>(wanted) * 100 + 1000;
  for (std::uint64_t number = 0; number < draws; ++number) {
    if (static_cast<std::int64_t>(trials.size()) == wanted) break;
    const auto values = random_values(options, number);
    if (seen.insert(values).second) trials.push_back(make_trial(options, values));
  }
  return trials;
}

std::vector<Trial> grid_trials(const TuneOptions& options) {
  for (const auto& p : options.space) static_cast<void>(parameter_values(p));  // Refuses ranges by name.
  if (combinations(options.space, kMaxPoints + 1) > kMaxPoints) {
    throw Error(ExitCode::config,
                "/tune/space: the grid has more than " + std::to_string(kMaxPoints) + " points",
                "search at random, or with fewer values");
  }
  const std::int64_t all = combinations(options.space, kMaxPoints);
  std::vector<Trial> trials;
  for (std::int64_t number = 0; number < std::min(all, options.trials.value_or(all)); ++number) {
    std::vector<std::string> values(options.space.size());
    std::int64_t rest = number;
    for (std::size_t i = values.size(); i-- > 0; rest /= value_count(options.space[i])) {
      values[i] = value_at(options.space[i], rest % value_count(options.space[i]));
    }
    trials.push_back(make_trial(options, values));
  }
  return trials;
}

std::vector<Trial> listed_trials(const TuneOptions& options) {
  std::vector<Trial> trials;
  for (const auto& change : options.list) {
    if (static_cast<std::int64_t>(trials.size()) == options.trials.value_or(kMaxPoints)) break;
    Trial& trial = trials.emplace_back();
    trial.label = change.label;
    for (const auto& [path, value] : change.values) trial.values.push_back({path, {path}, value});
  }
  return trials;
}

std::string shown_values(const Trial& trial) {
  std::string text;
  for (const auto& value : trial.values)
    text += (text.empty() ? "" : ", ") + value.name + " = " + value.shown();
  return core::printable(text.empty() ? trial.label : text, 200);
}

/// @returns all choices, or both ends of a range.
std::vector<std::string> extremes(const Parameter& p) {
  if (p.kind == ParameterKind::choice) return p.choices;
  if (p.kind == ParameterKind::integers) return {value_at(p, 0), value_at(p, value_count(p) - 1)};
  return {json(p.low).dump(), json(inside(p.high, p)).dump()};
}

bool exists(const json& document, const std::string& path) {
  try {
    return document.contains(json::json_pointer(path));
  } catch (const json::exception&) {
    return false;  // An index that is no number.
  }
}

void check_exists(const SearchConfig& search, const json& base, const std::string& path) {
  if (exists(base, path)) return;
  throw Error(
      ExitCode::config, search.source + ": /tune: there is no value at '" + core::printable(path) + "'",
      "'svhn config show' prints every path; give what is null or missing a value in the config first");
}

void check_sound(const SearchConfig& search, const Trial& trial) {
  const auto config = trial_config(search, trial);
  config::plan_run(config, search.source + ": with " + shown_values(trial));
}

}  // namespace

std::vector<std::string> parameter_values(const Parameter& p) {
  if (!countable(p)) {
    throw Error(ExitCode::config, "/tune/space" + core::pointer_part(p.name) + ": a grid needs choice or int",
                "list the values to try, or search at random");
  }
  if (value_count(p) > kMaxPoints) {
    throw Error(
        ExitCode::config,
        "/tune/space" + core::pointer_part(p.name) + ": has " + std::to_string(value_count(p)) + " values",
        "use a larger step, or search at random");
  }
  std::vector<std::string> values;
  for (std::int64_t i = 0; i < value_count(p); ++i) values.push_back(value_at(p, i));
  return values;
}

std::int64_t trial_count(const TuneOptions& options) {
  const std::int64_t wanted = options.search == SearchType::tpe ? kTpeTrials : kRandomTrials;
  return combinations(options.space, options.trials.value_or(wanted));
}

std::vector<std::string> random_values(const TuneOptions& options, std::uint64_t number) {
  std::vector<std::string> values;
  for (const auto& p : options.space) values.push_back(draw_value(p, options.seed, number));
  return values;
}

Trial make_trial(const TuneOptions& options, const std::vector<std::string>& values) {
  Trial trial;
  for (std::size_t i = 0; i < values.size(); ++i) {
    trial.values.push_back({options.space[i].name, options.space[i].paths, values[i]});
  }
  return trial;
}

std::vector<Trial> plan_trials(const TuneOptions& options) {
  std::vector<Trial> trials;
  switch (options.search) {
    case SearchType::random:
      trials = random_trials(options, trial_count(options));
      break;
    case SearchType::tpe:
      trials =
          random_trials(options, std::min(trial_count(options), options.tpe.value_or(TpeOptions{}).startup));
      break;
    case SearchType::grid:
      trials = grid_trials(options);
      break;
    case SearchType::list:
      trials = listed_trials(options);
      break;
  }
  for (std::size_t i = 0; i < trials.size(); ++i) trials[i].id = static_cast<std::int64_t>(i) + 1;
  return trials;
}

json trial_document(const config::RunConfig& base, const Trial& trial) {
  std::map<std::pair<std::size_t, std::string>, std::string>
      ordered;  // By length: objects before their parts.
  for (const auto& value : trial.values) {
    for (const auto& path : value.paths) ordered[{path.size(), path}] = value.value;
  }
  json document = json::parse(config::resolved_json(base).dump());
  for (const auto& [key, value] : ordered) document[json::json_pointer(key.second)] = json::parse(value);
  return document;
}

config::RunConfig trial_config(const SearchConfig& search, const Trial& trial) {
  const std::string source = search.source + ": with " + shown_values(trial);
  try {
    auto config = config::run_config_from_json(trial_document(search.base, trial), source);
    config.train.checkpoint_every_epochs = 1;
    return config;
  } catch (const json::exception&) {
    throw Error(ExitCode::config,
                source + ": a path leads through a value that is neither an object nor a list", kHint);
  }
}

std::size_t check_search(const SearchConfig& search) {
  const json base = json::parse(config::resolved_json(search.base).dump());
  config::plan_run(search.base, search.source);
  for (const auto& p : search.tune.space) {
    for (const auto& path : p.paths) check_exists(search, base, path);
    for (const auto& value : extremes(p)) check_sound(search, {0, "", {{p.name, p.paths, value}}});
  }
  for (const auto& change : search.tune.list) {
    for (const auto& [path, value] : change.values) check_exists(search, base, path);
  }
  std::vector<Trial> trials;
  try {
    trials = plan_trials(search.tune);
  } catch (const Error& error) {
    throw Error(error.code(), search.source + ": " + error.what(), error.hint());
  }
  for (std::size_t i = 0; i < std::min(trials.size(), kCheckedTrials); ++i) check_sound(search, trials[i]);
  return search.tune.search == SearchType::tpe ? static_cast<std::size_t>(trial_count(search.tune))
                                               : trials.size();
}

}  // namespace svhn::tune
