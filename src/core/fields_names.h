#pragma once
/// How enumerations are spelt in JSON: one table each, for reading and writing.

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace svhn::core {

/// One name of an enumeration; a table of them is the enumeration's spelling in JSON.
template <class E>
struct Name {
  E value;
  std::string_view name;
};

/// @returns the name of `value`; every value must be in the table.
template <class E, std::size_t N>
constexpr std::string_view name_of(const std::array<Name<E>, N>& table, E value) {
  for (const auto& row : table) {
    if (row.value == value) return row.name;
  }
  return {};
}

/// @returns the value of `name`, or nothing.
template <class E, std::size_t N>
constexpr std::optional<E> value_of(const std::array<Name<E>, N>& table, std::string_view name) {
  for (const auto& row : table) {
    if (row.name == name) return row.value;
  }
  return std::nullopt;
}

}  // namespace svhn::core
