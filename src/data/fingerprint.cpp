#include "data/fingerprint.h"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "core/random.h"
#include "data/preprocess_steps.h"
#include "formats/safetensors/header.h"

namespace svhn::data {
namespace {

constexpr std::size_t kDigits = 16;

template <class T>
void append(std::string& text, std::span<const T> values) {
  text.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

std::string hexadecimal(std::uint64_t number) {
  return fmt::format("{:016x}", number);
}

/// @returns the number that is the whole text; nothing for any other text.
std::optional<std::uint64_t> number_in(std::string_view text, int base) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::uint64_t identity_number(const PreparedData& data) {
  std::string text;
  for (const auto& [key, value] : data.metadata()) {
    if (key == "label_rule_from") continue;  // Former versions did not write it.
    text.append(key).append("=").append(value).append("\n");
  }
  append(text, data.labels());
  for (const Split split : {Split::train, Split::val, Split::test}) append(text, data.indices(split));
  append(text, data.groups());
  return core::stream_id(text);  // Not XXH3: checkpoints hold it.
}

/// @returns the steps as what they do with the bytes of this split.
std::string steps_text(const PreparedData& data, Split split, const Preprocessing& preprocessing) {
  const PixelLines lines = lines_of(resolve_steps(preprocessing, data.statistics(split)));
  const nlohmann::json text{lines.grey, lines.slope, lines.shift, preprocessing.sides.height,
                            preprocessing.sides.width};
  return text.dump();
}

}  // namespace

std::string data_fingerprint(const PreparedData& data) {
  return hexadecimal(identity_number(data));
}

std::string data_identity(const PreparedData& data) {
  return std::to_string(identity_number(data));
}

std::string fingerprint_of(std::string_view text) {
  // Decimal numbers of 64 bits hardly ever have as few digits.
  if (text.size() == kDigits) return std::string(text);
  const auto number = number_in(text, 10);
  return number ? hexadecimal(*number) : std::string(text);
}

std::string identity_of(const std::string& fingerprint) {
  const auto number = fingerprint.size() == kDigits ? number_in(fingerprint, 16) : std::nullopt;
  return number ? std::to_string(*number) : fingerprint;
}

std::string split_fingerprint(const PreparedData& data, Split split, const Preprocessing& preprocessing) {
  std::uint64_t sum = 0;
  std::array<std::byte, kImageBytes + 1> one{};
  for (const std::int64_t row : data.indices(split)) {
    const auto pixels = data.image(row);
    std::memcpy(one.data(), pixels.data(), pixels.size());
    one.back() = std::byte{data.labels()[static_cast<std::size_t>(row)]};
    sum += formats::digest_of(one);
  }
  const std::string text = hexadecimal(sum) + " " + std::to_string(data.indices(split).size()) + " " +
                           steps_text(data, split, preprocessing);
  return hexadecimal(formats::digest_of(std::as_bytes(std::span(text))));
}

}  // namespace svhn::data
