#pragma once
/// The program's version.

#include <string>

namespace svhn::core {

/// @returns the project's version, e.g. "0.1.0".
std::string version();

}  // namespace svhn::core
