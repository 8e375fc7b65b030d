#include <nlohmann/json.hpp>

#include "svhn/cli/commands.h"
#include "svhn/cli/console.h"
#include "svhn/config/run_config.h"
#include "svhn/core/fields_json.h"
#include "svhn/model/summary.h"
#include "svhn/tune/trials.h"

namespace svhn::cli {

namespace {

/// Looks which sections a document has; its faults are found by whoever reads them.
bool has_search(const std::filesystem::path& path, const std::vector<std::string>& set) {
  core::Problems unused(path.string());
  return tune::has_search(config::load_document(path, set, unused));
}

/// @returns what a sound config describes, in a few words. @throws core::Error(config) for an unsound one.
std::string checked(const std::filesystem::path& path, const std::vector<std::string>& set) {
  const bool search = has_search(path, set);
  const auto found = search ? tune::load_search(path, set)
                            : tune::SearchConfig{path.string(), config::load_run_config(path, set), {}};
  const auto plan = config::plan_run(found.base, path.string());
  std::string text = found.base.name + ", " + model::with_thousands(plan.counts.total) + " parameters";
  if (search) text += ", " + std::to_string(tune::check_search(found).size()) + " trials";
  return text;
}

}  // namespace

int run_config_check(const ConfigOptions& options) {
  int code = 0;
  for (const auto& path : options.files) {
    try {
      print_text(path.string() + ": ok, " + checked(path, options.set) + "\n");
    } catch (const core::Error& error) {
      code = report_error(error);  // The other files are still worth a look.
    }
  }
  return code;
}

int run_config_show(const ConfigOptions& options) {
  const auto& path = options.files.front();
  if (!has_search(path, options.set)) {
    print_json(config::resolved_json(config::load_run_config(path, options.set)));
    return 0;
  }
  const auto search = tune::load_search(path, options.set);
  auto document = config::resolved_json(search.base);
  document["tune"] = tune::tune_section_json(search.tune);
  print_json(document);
  return 0;
}

int run_config_schema() {
  auto schema = config::config_schema();
  schema["properties"]["tune"] = tune::tune_section_schema();
  print_json(schema);
  return 0;
}

}  // namespace svhn::cli
