#include "config/run_config.h"

#include <nlohmann/json.hpp>

#include "config/overrides.h"
#include "config/sections.h"
#include "core/fields_json.h"
#include "core/file.h"
#include "core/json.h"
#include "data/prepared.h"
#include "data/preprocess.h"
#include "model/spec_json.h"

namespace svhn::config {
namespace {

using core::ExitCode;
using core::Need;

constexpr std::size_t kMaxConfigBytes = std::size_t{4} << 20;
constexpr core::TextRule kNameRule{128, "[A-Za-z0-9_-][A-Za-z0-9._-]*",
                                   "letters, digits, '.', '_' and '-', not starting with '.'"};

/// JSON pointers of a key and of its former name, which is still read.
struct RenamedKey {
  const char* former;
  const char* current;
};
constexpr RenamedKey kRenamedKeys[] = {{"/train/semantics", "/train/framework_compat"}};

/// Lists the former name of a key as deprecated, so that editors accept it as the reader does.
void add_former_key(nlohmann::ordered_json& schema, const RenamedKey& key) {
  using Pointer = nlohmann::ordered_json::json_pointer;
  const auto property_at = [](std::string_view pointer) {
    std::string text;
    for (const char c : pointer) text += c == '/' ? "/properties/" : std::string(1, c);
    return Pointer(text);
  };
  nlohmann::ordered_json property = schema.at(property_at(key.current));
  property["description"] = "Former name of " + Pointer(key.current).back() + ".";
  property["deprecated"] = true;
  property.erase("default");
  schema[property_at(key.former)] = std::move(property);
}

void describe_run(core::Fields& f, RunConfig& config) {
  std::int64_t schema = 1;
  f.integer({"schema", "Version of the config format.", Need::required}, schema, {1, 1});
  f.text({"name", "Name of the run and of its files.", Need::required}, config.name, kNameRule);
  f.object({"data", "Data file, preprocessing and augmentation."}, config.data, describe_data);
  f.object({"model", "The network.", Need::required}, config.model, model::describe_model);
  f.object({"train", "Training: epochs, optimizer, loss, checkpoints."}, config.train, describe_train);
}

core::Describe describe(RunConfig& config) {
  return [&config](core::Visitor& visitor) {
    visitor.object([&config](core::Fields& fields) { describe_run(fields, config); });
  };
}

}  // namespace

RunConfig read_run(const nlohmann::json& document, core::Problems& problems) {
  RunConfig config;
  const core::Describe with_sections = [&config](core::Visitor& visitor) {
    visitor.object([&config](core::Fields& fields) {
      describe_run(fields, config);
      for (const char* section : {"tune", "compare"}) fields.member({section, ""}, [](core::Visitor&) {});
    });
  };
  core::read_fields(with_current_keys(document, &problems), with_sections, problems);
  return config;
}

nlohmann::json with_current_keys(nlohmann::json document, core::Problems* problems) {
  for (const RenamedKey& key : kRenamedKeys) {
    const nlohmann::json::json_pointer former(key.former), current(key.current);
    if (!document.contains(former)) continue;
    const bool both = document.contains(current);
    if (!both) document[current] = document[former];
    document[former.parent_pointer()].erase(former.back());
    if (problems == nullptr) continue;
    if (both) {
      problems->add(key.former, "is the former name of '" + current.back() + "', which is given too");
    } else {
      problems->note(key.current, std::string("given as ") + key.former);
    }
  }
  return document;
}

nlohmann::json with_defaults(nlohmann::json document) {
  document = with_current_keys(std::move(document));
  core::Problems problems("");
  const RunConfig config = read_run(document, problems);
  if (problems.size() > 0) return document;
  nlohmann::json filled = resolved_json(config);
  for (const auto& [key, value] : document.items()) filled.emplace(key, value);
  return filled;
}

std::string current_pointer(const std::string& pointer) {
  for (const RenamedKey& key : kRenamedKeys) {
    const std::string former = key.former;
    if (pointer == former || pointer.starts_with(former + "/"))
      return key.current + pointer.substr(former.size());
  }
  return pointer;
}

RunConfig run_config_from_json(nlohmann::json document, const std::string& source,
                               const std::vector<std::string>& overrides) {
  core::Problems problems(source);
  for (const std::string& assignment : overrides) apply_override(document, assignment, source, problems);
  RunConfig config = read_run(document, problems);
  problems.throw_if_any(ExitCode::config, "'svhn config schema' describes every key and its range");
  return config;
}

RunConfig parse_run_config(std::string_view text, const std::string& source,
                           const std::vector<std::string>& overrides) {
  const core::JsonLimits limits{.max_bytes = kMaxConfigBytes};
  return run_config_from_json(core::parse_json_strict(text, source, ExitCode::config, limits), source,
                              overrides);
}

RunConfig load_run_config(const std::filesystem::path& path, const std::vector<std::string>& overrides) {
  return parse_run_config(core::read_text_file(path, ExitCode::config, kMaxConfigBytes), path.string(),
                          overrides);
}

nlohmann::json load_document(const std::filesystem::path& path, const std::vector<std::string>& overrides,
                             core::Problems& problems) {
  const core::JsonLimits limits{.max_bytes = kMaxConfigBytes};
  nlohmann::json document = core::read_json_file(path, ExitCode::config, limits);
  for (const std::string& assignment : overrides) {
    apply_override(document, assignment, path.string(), problems);
  }
  return document;
}

nlohmann::ordered_json resolved_json(const RunConfig& config) {
  RunConfig copy = config;
  return core::write_fields(describe(copy));
}

nlohmann::ordered_json config_schema() {
  RunConfig defaults;
  nlohmann::ordered_json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                                {"title", "svhn run config"},
                                {"description", "A run: data, network and training."}};
  schema.update(core::fields_schema(describe(defaults)));
  const auto section = [](const char* text) {
    return nlohmann::ordered_json{{"description", text}, {"type", "object"}};
  };
  schema["properties"]["tune"] = section("A search over values of this config, for svhn tune.");
  schema["properties"]["compare"] = section("Backbones to compare, for svhn transfer --compare.");
  for (const RenamedKey& key : kRenamedKeys) add_former_key(schema, key);
  return schema;
}

model::Shape input_shape(const RunConfig& config) {
  return {data::channels_of(config.data.preprocess), data::kSide, data::kSide};
}

model::Graph plan_run(const RunConfig& config, const std::string& source) {
  try {
    return model::plan_network(config.model, input_shape(config));
  } catch (const core::Error& error) {
    throw core::Error(error.code(), core::printable(source, 400) + ": " + error.what(), error.hint());
  }
}

}  // namespace svhn::config
