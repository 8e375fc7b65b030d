#include "core/text.h"

namespace svhn::core {

std::string with_thousands(std::int64_t number) {
  std::string text = std::to_string(number);
  const std::size_t sign = number < 0 ? 1 : 0;
  for (std::size_t i = text.size(); i > sign + 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (const std::int64_t length : shape) {
    if (text.size() > 1) text += ",";
    text += length < 0 ? "any" : std::to_string(length);
  }
  return text + "]";
}

}  // namespace svhn::core
