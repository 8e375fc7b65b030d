#include "core/fields.h"

#include <algorithm>

namespace svhn::core {

void Fields::sparse(const Key& key, bool /*is_default*/, const Describe& value) {
  member(key, value);
}

void Fields::integer(const Key& key, std::int64_t& value, IntegerRange range) {
  member(key, [&](Visitor& visitor) { visitor.integer(value, range); });
}

void Fields::natural(const Key& key, std::uint64_t& value) {
  member(key, [&](Visitor& visitor) { visitor.natural(value); });
}

void Fields::number(const Key& key, double& value, NumberRange range) {
  member(key, [&](Visitor& visitor) { visitor.number(value, range); });
}

void Fields::boolean(const Key& key, bool& value) {
  member(key, [&](Visitor& visitor) { visitor.boolean(value); });
}

void Fields::text(const Key& key, std::string& value, const TextRule& rule) {
  member(key, [&](Visitor& visitor) { visitor.text(value, rule); });
}

void Fields::choice(const Key& key, std::string& value, std::span<const std::string_view> names) {
  member(key, [&](Visitor& visitor) {
    // A value that is no name stays as it is unless one is read. What follows may depend on it: the schema of
    // a backbone without a name lists the keys of all backbones.
    auto index = static_cast<std::size_t>(std::find(names.begin(), names.end(), value) - names.begin());
    visitor.choice(index, names);
    if (index < names.size()) value = names[index];
  });
}

}  // namespace svhn::core
