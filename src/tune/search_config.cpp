#include "tune/search_config.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/fields_json.h"
#include "core/json.h"
#include "tune/section.h"

namespace svhn::tune {
namespace {

using core::ExitCode;
using core::Fields;
using core::Problems;
using core::Visitor;
using nlohmann::json;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxParameters = 1000;

std::vector<SpelledParameter> parameter_names(const json& section) {
  std::vector<SpelledParameter> named;
  if (!section.is_object() || !section.contains("space") || !section["space"].is_object()) return named;
  for (const auto& [name, value] : section["space"].items()) {
    if (named.size() == kMaxParameters) break;  // The rest is refused as unknown.
    named.emplace_back().parameter.name = name;
  }
  return named;
}

/// Visits the whole section, with parameters of these names.
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

/// @param spelled read without a fault.
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

/// A value that stands twice would be two trials that are the same.
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
