#include "core/memory.h"

#include <sys/resource.h>

#include <algorithm>
#include <new>
#include <string_view>

namespace svhn::core {

std::optional<std::uint64_t> memory_limit() {
  rlim_t least = RLIM_INFINITY;
  for (const auto resource : {RLIMIT_AS, RLIMIT_DATA}) {
    rlimit limit{};
    if (::getrlimit(resource, &limit) == 0) least = std::min(least, limit.rlim_cur);
  }
  return least == RLIM_INFINITY ? std::nullopt : std::optional<std::uint64_t>(least);
}

bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  const std::string_view text = error.what();
  constexpr std::string_view kTexts[] = {"can't allocate memory", "not enough memory", "CUDA out of memory"};
  return std::any_of(std::begin(kTexts), std::end(kTexts),
                     [text](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

Error out_of_memory() {
  return {ExitCode::device, "out of memory",
          memory_limit() ? "raise the limit (ulimit -v), or use a smaller batch, fewer --threads or less data"
                         : "use a smaller batch, fewer --threads or less data"};
}

}  // namespace svhn::core
