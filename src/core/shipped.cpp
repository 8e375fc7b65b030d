#include "core/shipped.h"

#include <algorithm>

namespace svhn::core {

namespace fs = std::filesystem;

namespace {

bool leads_out(const fs::path& name) {
  return name.is_absolute() || std::find(name.begin(), name.end(), "..") != name.end();
}

/// @returns ../share/svhn, seen from the folder of a program.
fs::path folder_of(const fs::path& program) {
  return program.parent_path().parent_path() / "share" / "svhn";
}

fs::path this_program() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error);
}

}  // namespace

std::optional<fs::path> shipped_file(const fs::path& name, const fs::path& program) {
  std::error_code error;
  const fs::path self = program.empty() ? this_program() : program;
  if (self.empty() || leads_out(name)) return std::nullopt;
  fs::path file = folder_of(self) / name;
  return fs::is_regular_file(file, error) ? std::optional(std::move(file)) : std::nullopt;
}

fs::path shipped_folder() {
  return folder_of(this_program());
}

}  // namespace svhn::core
