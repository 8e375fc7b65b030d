#include <nlohmann/json.hpp>

#include "svhn/cli/commands.h"
#include "svhn/cli/console.h"
#include "svhn/config/run_config.h"
#include "svhn/model/summary.h"

namespace svhn::cli {

int run_config_check(const ConfigOptions& options) {
  int code = 0;
  for (const auto& path : options.files) {
    try {
      const auto config = config::load_run_config(path, options.set);
      const auto plan = config::plan_run(config, path.string());
      print_text(path.string() + ": ok, " + config.name + ", " + model::with_thousands(plan.counts.total) +
                 " parameters\n");
    } catch (const core::Error& error) {
      code = report_error(error);  // The other files are still worth a look.
    }
  }
  return code;
}

int run_config_show(const ConfigOptions& options) {
  print_json(config::resolved_json(config::load_run_config(options.files.front(), options.set)));
  return 0;
}

int run_config_schema() {
  print_json(config::config_schema());
  return 0;
}

}  // namespace svhn::cli
