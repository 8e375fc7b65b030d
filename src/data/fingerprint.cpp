#include "data/fingerprint.h"

#include <spdlog/fmt/fmt.h>

#include "core/random.h"
#include "formats/safetensors/header.h"

namespace svhn::data {
namespace {

template <class T>
void append(std::string& text, std::span<const T> values) {
  text.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

}  // namespace

std::string data_fingerprint(const PreparedData& data) {
  std::string text;
  for (const auto& [key, value] : data.metadata()) {
    if (key == "label_rule_from") continue;  // Former versions did not write it.
    text.append(key).append("=").append(value).append("\n");
  }
  append(text, data.labels());
  for (const Split split : {Split::train, Split::val, Split::test}) append(text, data.indices(split));
  append(text, data.groups());
  return std::to_string(core::stream_id(text));  // Not XXH3: checkpoints hold it.
}

std::string split_fingerprint(const PreparedData& data, Split split, std::string_view preprocessing) {
  std::string text(preprocessing);
  const auto rows = data.indices(split);
  append(text, rows);
  for (const std::int64_t row : rows) text += static_cast<char>(data.labels()[static_cast<std::size_t>(row)]);
  return fmt::format("{:016x}", formats::digest_of(std::as_bytes(std::span(text))));
}

}  // namespace svhn::data
