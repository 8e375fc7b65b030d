#pragma once
/// Numbers as base64, which the page reads as typed arrays. @see RFC 4648, section 4

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace svhn::report {

std::string base64(std::span<const std::byte> bytes);

/// @returns the values as little-endian bytes in base64.
template <class T>
std::string base64_of(const std::vector<T>& values) {
  return base64(std::as_bytes(std::span(values)));
}

}  // namespace svhn::report
