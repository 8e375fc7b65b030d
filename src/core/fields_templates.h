#pragma once
/// The templates that core/fields.h declares, which includes this file at its end; include that one.

#include <utility>

namespace svhn::core {

/// Visits a value of an enumeration by its name.
template <class E, std::size_t N>
void choose(Visitor& visitor, E& value, const std::array<Name<E>, N>& table) {
  std::array<std::string_view, N> names;
  std::size_t index = 0;
  for (std::size_t i = 0; i < N; ++i) {
    names[i] = table[i].name;
    if (table[i].value == value) index = i;
  }
  visitor.choice(index, names);
  value = table[index].value;
}

template <class E, std::size_t N>
void Fields::choice(const Key& key, E& value, const std::array<Name<E>, N>& table) {
  member(key, [&](Visitor& visitor) { choose(visitor, value, table); });
}

template <class T, class F>
void Fields::object(const Key& key, T& value, F describe) {
  member(key, [&](Visitor& visitor) { visitor.object([&](Fields& fields) { describe(fields, value); }); });
}

template <class T, class F>
void Fields::optional(const Key& key, std::optional<T>& value, F describe) {
  member(key, [&](Visitor& visitor) {
    bool present = value.has_value();
    T held = value.value_or(T{});
    visitor.nullable(present, [&](Visitor& inner) { describe(inner, held); });
    value = present ? std::optional<T>(std::move(held)) : std::nullopt;
  });
}

template <class T, class F>
void Fields::list(const Key& key, std::vector<T>& values, SizeRange range, F describe) {
  member(key, [&](Visitor& visitor) {
    const ListAccess access{values.size(), [&](std::size_t size) { values.assign(size, T{}); },
                            [&](Visitor& inner, std::size_t i) { describe(inner, values[i]); }};
    visitor.list(access, range);
  });
}

}  // namespace svhn::core
