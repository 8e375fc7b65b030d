#pragma once
/// The date for logs and messages.

#include <string>

namespace svhn::core {

/// @returns the time of day in UTC: "2024-05-01T09:30:00Z".
std::string utc_time();

}  // namespace svhn::core
