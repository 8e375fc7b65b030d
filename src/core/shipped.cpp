#include "core/shipped.h"

#include <algorithm>

namespace svhn::core {

namespace fs = std::filesystem;

namespace {

bool leads_out(const fs::path& name) {
  return name.is_absolute() || std::find(name.begin(), name.end(), "..") != name.end();
}

}  // namespace

std::optional<fs::path> shipped_file(const fs::path& name, const fs::path& program) {
  std::error_code error;
  const fs::path self = program.empty() ? fs::read_symlink("/proc/self/exe", error) : program;
  if (error || leads_out(name)) return std::nullopt;
  fs::path file = self.parent_path().parent_path() / "share" / "svhn" / name;
  return fs::is_regular_file(file, error) ? std::optional(std::move(file)) : std::nullopt;
}

}  // namespace svhn::core
