#pragma once
/// Bytes as base64. @see RFC 4648, section 4

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace svhn::report {

std::string base64(std::span<const std::byte> bytes);

/// Numbers as the page's typed arrays read them: little-endian, as on every machine this runs on.
template <class T>
std::string base64_of(const std::vector<T>& values) {
  return base64(std::as_bytes(std::span(values)));
}

}  // namespace svhn::report
