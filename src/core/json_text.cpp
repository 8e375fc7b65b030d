#include <cstdint>

#include "core/json.h"

namespace svhn::core {
namespace {

/// One row of table 3-7 of the Unicode standard: lead bytes, the range of the second byte, the length.
struct Utf8Form {
  unsigned char lead_min, lead_max, second_min, second_max;
  std::size_t length;
};

constexpr Utf8Form kForms[] = {{0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
                               {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3},
                               {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
                               {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};

bool fits(std::string_view text, const Utf8Form& form) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < form.lead_min || byte(0) > form.lead_max || text.size() < form.length) return false;
  if (byte(1) < form.second_min || byte(1) > form.second_max) return false;
  for (std::size_t i = 2; i < form.length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return false;
  }
  return true;
}

/// @returns the bytes of the first character of a text that is not empty, or 0 when it is ill-formed.
std::size_t character_length(std::string_view text) {
  if (static_cast<unsigned char>(text.front()) < 0x80) return 1;
  for (const Utf8Form& form : kForms) {
    if (fits(text, form)) return form.length;
  }
  return 0;
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string printable(std::string_view text, std::size_t max_bytes) {
  std::string out;
  while (!text.empty()) {
    if (out.size() >= max_bytes) return out + "…";
    const std::size_t length = character_length(text);
    if (length == 0 || is_control(text.front())) {
      out += '?';
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string pointer_part(std::string_view key) {
  std::string out = "/";
  for (const char c : printable(key)) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::string json_text(const nlohmann::ordered_json& document) {
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace svhn::core
