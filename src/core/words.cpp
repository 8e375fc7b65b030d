#include "core/words.h"

#include <spdlog/fmt/fmt.h>

#include <cmath>

#include "core/text.h"

namespace svhn::core {

std::string counted(std::int64_t number, const std::string& one) {
  return with_thousands(number) + " " + one + (number == 1 ? "" : "s");
}

std::string duration_text(double seconds) {
  constexpr double kMinute = 60.0, kHour = 3600.0;
  const double time = seconds > 0.0 ? seconds : 0.0;
  if (time < 9.95) return fmt::format("{:.1f} s", time);
  if (std::round(time) < kMinute) return fmt::format("{:.0f} s", time);
  if (time < 1.5 * kHour) return fmt::format("{:.0f} min", time / kMinute);
  return fmt::format("{:.1f} h", time / kHour);
}

}  // namespace svhn::core
