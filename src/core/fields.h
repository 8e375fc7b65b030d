#pragma once
/// One description of a struct serves reading it from JSON, writing it as JSON and its JSON Schema.
/// A description is a function that names every key once, with its range and one line of documentation:
///
///     void describe(Fields& f, Adam& adam) {
///       f.number({"learning_rate", "Step size."}, adam.learning_rate, above(0.0, 10.0));
///       f.boolean({"nesterov", "Look ahead."}, adam.nesterov);
///     }
///
/// It is run by a reader (which assigns), a writer and a schema maker (which look), see core/fields_json.h.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/fields_names.h"

namespace svhn::core {

enum class Need { optional, required };

/// A key of an object: its name, one line of documentation and whether a document must have it.
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

/// min <= value <= max, or < where the end is open.
struct NumberRange {
  double min;
  double max;
  bool open_min = false;
  bool open_max = false;
};

constexpr NumberRange between(double min, double max) {
  return {min, max};
}  ///< [min, max]
constexpr NumberRange above(double min, double max) {
  return {min, max, true};
}  ///< (min, max]
constexpr NumberRange below(double min, double max) {
  return {min, max, false, true};
}  ///< [min, max)
constexpr NumberRange inside(double min, double max) {
  return {min, max, true, true};
}  ///< (min, max)

/// A text without control characters, at least one byte long.
struct TextRule {
  std::size_t max_bytes = 4096;
  const char* pattern = "";  ///< ECMAScript; the whole text must match; empty: anything.
  const char* says = "";     ///< The pattern in words.
};

/// How many elements a list may have.
struct SizeRange {
  std::size_t min = 0;
  std::size_t max = 1000;
};

class Visitor;
class Fields;
using Describe = std::function<void(Visitor&)>;
using DescribeFields = std::function<void(Fields&)>;

/// A list as a visitor sees it.
struct ListAccess {
  std::size_t size;
  std::function<void(std::size_t)> resize;
  std::function<void(Visitor&, std::size_t)> element;
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
  /// One of `names`, as its index.
  virtual void choice(std::size_t& index, std::span<const std::string_view> names) = 0;
  virtual void object(const DescribeFields& fields) = 0;
  /// null, or `value`.
  virtual void nullable(bool& present, const Describe& value) = 0;
  virtual void list(const ListAccess& list, SizeRange range) = 0;
  /// An object whose `key` is one of `names` and decides which fields it has: `fields` looks at `index`.
  virtual void tagged(const Key& key, std::span<const std::string_view> names, std::size_t& index,
                      const DescribeFields& fields) = 0;
};

/// Visits the keys of one object.
class Fields {
 public:
  virtual ~Fields() = default;
  virtual void member(const Key& key, const Describe& value) = 0;
  /// A rule between several keys; not asked when one of the keys above it could not be read. @param pointer
  /// the place to blame, relative: "preprocess/1".
  virtual void check(bool holds, const std::string& pointer, const std::string& problem) = 0;

  void integer(const Key& key, std::int64_t& value, IntegerRange range);
  void natural(const Key& key, std::uint64_t& value);
  void number(const Key& key, double& value, NumberRange range);
  void boolean(const Key& key, bool& value);
  void text(const Key& key, std::string& value, const TextRule& rule = {});
  /// A text that is one of `names`.
  void choice(const Key& key, std::string& value, std::span<const std::string_view> names);
  template <class E, std::size_t N>
  void choice(const Key& key, E& value, const std::array<Name<E>, N>& table);
  /// @param describe called with (Fields&, T&).
  template <class T, class F>
  void object(const Key& key, T& value, F describe);
  /// null or absent leaves the optional empty. @param describe called with (Visitor&, T&).
  template <class T, class F>
  void optional(const Key& key, std::optional<T>& value, F describe);
  /// @param describe called with (Visitor&, T&) for each element.
  template <class T, class F>
  void list(const Key& key, std::vector<T>& values, SizeRange range, F describe);
};

}  // namespace svhn::core

#include "core/fields_templates.h"
