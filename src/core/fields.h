#pragma once
/// One description of a struct for three uses: reading it from JSON, writing it as JSON, and its JSON Schema.
/// A description is a function that names every key once, with its range and one line of documentation:
///
///     void describe(Fields& f, Adam& adam) {
///       f.number({"learning_rate", "Step size."}, adam.learning_rate, above(0.0, 10.0));
///       f.boolean({"nesterov", "Look ahead."}, adam.nesterov);
///     }
///
/// core/fields_json.h runs it with a reader, which assigns the values, or with a writer or a schema
/// generator, which only read them.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace svhn::core {

/// One row of an enumeration's table of JSON names, which serves reading and writing.
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

/// @returns the value of `name`, or nullopt when the table lacks it.
template <class E, std::size_t N>
constexpr std::optional<E> value_of(const std::array<Name<E>, N>& table, std::string_view name) {
  for (const auto& row : table) {
    if (row.name == name) return row.value;
  }
  return std::nullopt;
}

enum class Need { optional, required };

/// A key of a JSON object: its name, one line of documentation and whether a document must have it.
struct Key {
  const char* name;
  const char* doc;
  Need need = Need::optional;
};

/// min <= value <= max.
struct IntegerRange {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

/// min <= value <= max; an open end means < instead of <=.
struct NumberRange {
  double min;
  double max;
  bool open_min = false;
  bool open_max = false;
};

/// @returns the interval [min, max].
constexpr NumberRange between(double min, double max) {
  return {min, max};
}
/// @returns the interval (min, max].
constexpr NumberRange above(double min, double max) {
  return {min, max, true};
}
/// @returns the interval [min, max).
constexpr NumberRange below(double min, double max) {
  return {min, max, false, true};
}
/// @returns the interval (min, max).
constexpr NumberRange inside(double min, double max) {
  return {min, max, true, true};
}

/// A text without control characters, at least one byte long.
struct TextRule {
  std::size_t max_bytes = 4096;
  const char* pattern = "";      ///< ECMAScript regular expression for the full text; empty: any text.
  const char* description = "";  ///< The pattern in words, for messages.
};

/// Smallest and largest number of elements of a list.
struct SizeRange {
  std::size_t min = 0;
  std::size_t max = 1000;
};

class Visitor;
class Fields;
using Describe = std::function<void(Visitor&)>;
using DescribeFields = std::function<void(Fields&)>;

/// What a visitor may do with a list.
struct ListAccess {
  std::size_t size;
  std::function<void(std::size_t)> resize;
  std::function<void(Visitor&, std::size_t)> element;  ///< Visits one element by its index.
};

/// Visits one value.
class Visitor {
 public:
  virtual ~Visitor() = default;
  virtual void integer(std::int64_t& value, IntegerRange range) = 0;
  virtual void natural(std::uint64_t& value) = 0;
  virtual void number(double& value, NumberRange range) = 0;
  virtual void boolean(bool& value) = 0;
  virtual void text(std::string& value, const TextRule& rule) = 0;
  /// @param index of the chosen name in `names`.
  virtual void choice(std::size_t& index, std::span<const std::string_view> names) = 0;
  virtual void object(const DescribeFields& fields) = 0;
  /// Visits null or a value. @param value visited when `present`.
  virtual void nullable(bool& present, const Describe& value) = 0;
  virtual void list(const ListAccess& list, SizeRange range) = 0;
  /// Visits an object whose text at `key` decides which other keys it has.
  /// @param index of that text in `names`; `fields` reads it.
  virtual void tagged(const Key& key, std::span<const std::string_view> names, std::size_t& index,
                      const DescribeFields& fields) = 0;
};

/// Visits the keys of one object.
class Fields {
 public:
  virtual ~Fields() = default;
  virtual void member(const Key& key, const Describe& value) = 0;
  /// A key that written JSON leaves out where it has its default, so that files without it stay as they were.
  virtual void sparse(const Key& key, bool is_default, const Describe& value);
  /// A rule between several keys; skipped when one of the keys named before it could not be read.
  /// @param pointer JSON pointer of the value that a failure names, relative to the object: "preprocess/1".
  virtual void check(bool holds, const std::string& pointer, const std::string& problem) = 0;

  void integer(const Key& key, std::int64_t& value, IntegerRange range);
  void natural(const Key& key, std::uint64_t& value);
  void number(const Key& key, double& value, NumberRange range);
  void boolean(const Key& key, bool& value);
  void text(const Key& key, std::string& value, const TextRule& rule = {});
  /// A text out of `names`.
  void choice(const Key& key, std::string& value, std::span<const std::string_view> names);
  template <class E, std::size_t N>
  void choice(const Key& key, E& value, const std::array<Name<E>, N>& table);
  /// @param describe called with (Fields&, T&).
  template <class T, class F>
  void object(const Key& key, T& value, F describe);
  /// null or an absent key leaves the optional empty. @param describe called with (Visitor&, T&).
  template <class T, class F>
  void optional(const Key& key, std::optional<T>& value, F describe);
  /// @param describe called with (Visitor&, T&) for each element.
  template <class T, class F>
  void list(const Key& key, std::vector<T>& values, SizeRange range, F describe);
};

/// Visits an enumeration by the name of its value.
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
