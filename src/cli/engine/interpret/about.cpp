#include <algorithm>

#include "cli/engine/interpret/context.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"

namespace svhn::cli {
namespace {

namespace fs = std::filesystem;
using core::ExitCode;
using nlohmann::ordered_json;

constexpr const char* kAbout = "interpret.json";

/// @returns the parts that a folder's interpret.json lists, if it is about the same; a damaged one lists
/// none.
nlohmann::json earlier_parts(const fs::path& folder, const ordered_json& about) {
  std::error_code none;
  if (!fs::exists(folder / kAbout, none)) return nlohmann::json::array();
  try {
    const auto earlier = core::read_json_file(folder / kAbout, ExitCode::data);
    const auto same = [&](const char* key) { return earlier.value(key, nlohmann::json()) == about[key]; };
    const bool fits = earlier.is_object() && same("model") && same("data") && same("split") && same("images");
    return fits ? earlier.value("what", nlohmann::json()) : nlohmann::json();
  } catch (const core::Error&) {
    return nlohmann::json::array();
  }
}

void write_about(const fs::path& folder, ordered_json about) {
  const auto earlier = earlier_parts(folder, about);
  const auto lists = [](const auto& parts, const char* name) {
    return std::any_of(parts.begin(), parts.end(), [&](const auto& part) { return part == name; });
  };
  ordered_json parts = ordered_json::array();
  for (const InterpretPart& part : kInterpretParts) {
    std::error_code none;
    const bool kept = lists(earlier, part.name) && fs::exists(folder / part.file, none);
    if (kept || lists(about["what"], part.name)) parts.push_back(part.name);
  }
  about["what"] = std::move(parts);
  core::write_text_file(folder / kAbout, core::json_text(about), ExitCode::data);
}

}  // namespace

void InterpretFiles::publish_about(const ordered_json& about) {
  write_about(output_, about);
  if (copies_) write_about(*copies_, about);
  keep(kAbout);
}

}  // namespace svhn::cli
