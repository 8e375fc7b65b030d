// Feeds arbitrary text to the config reader: whatever it is, it makes a run that shows and plans itself, or
// throws core::Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "config/run_config.h"
#include "core/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace svhn::config;
  try {
    const auto config = parse_run_config({reinterpret_cast<const char*>(data), size}, "fuzz.json");
    const auto shown = resolved_json(config);
    // What is shown must read back as the same run.
    if (resolved_json(parse_run_config(shown.dump(), "shown.json")) != shown) std::abort();
    (void)plan_run(config, "fuzz.json");
  } catch (const svhn::core::Error&) {
  }
  return 0;
}
