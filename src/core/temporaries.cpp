#include "core/temporaries.h"

#include <string>

namespace svhn::core {

namespace fs = std::filesystem;

void remove_temporaries(const fs::path& folder, const std::function<bool(const fs::path& target)>& ours) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".tmp") || name.size() <= kTemporaryEnding.size()) continue;
    const fs::path target = folder / name.substr(0, name.size() - kTemporaryEnding.size());
    if (ours(target)) fs::remove(entry.path(), error);
  }
}

}  // namespace svhn::core
