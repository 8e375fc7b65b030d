// Calls the project's reader and writer for safetensors_interop.py:
//   safetensors_dump write FILE    writes a file with known content
//   safetensors_dump read FILE     verifies the file and prints it as JSON, with the data in hexadecimal
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "formats/safetensors/header.h"

namespace {

using namespace svhn::formats;

void write(const char* path) {
  // Somewhat more than two checksum blocks; the script computes the same numbers.
  std::vector<float> large(600'000);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<float>(i) / 8.0F;
  const std::vector<std::int64_t> rows{-1, 0, INT64_MAX};
  const std::vector<std::uint8_t> bytes{0, 1, 255};
  const auto view = [](const auto& list) { return std::as_bytes(std::span(list)); };
  write_safetensors(path,
                    {{"bytes", DType::u8, {3, 1}, view(bytes)},
                     {"large", DType::f32, {600, 1000}, view(large)},
                     {"empty \"\u00e9\"", DType::f16, {0, 4}, {}},
                     {"rows", DType::i64, {3}, view(rows)}},
                    {{"source", "line\nbreak"}}, svhn::core::ExitCode::data);
}

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte b : bytes) {
    text += "0123456789abcdef"[std::to_integer<unsigned>(b) >> 4U];
    text += "0123456789abcdef"[std::to_integer<unsigned>(b) & 15U];
  }
  return text;
}

void read(const char* path) {
  const SafetensorsFile file(path, svhn::core::ExitCode::data);
  file.verify();
  nlohmann::json json{{"metadata", file.metadata()}, {"has_checksums", file.has_checksums()}};
  json["tensors"] = nlohmann::json::object();
  for (const TensorInfo& tensor : file.tensors()) {
    json["tensors"][tensor.name] = {
        {"dtype", safetensors_name(tensor.dtype)}, {"shape", tensor.shape}, {"hex", hex(file.bytes(tensor))}};
  }
  std::puts(json.dump().c_str());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 3) return 2;
    std::strcmp(argv[1], "write") == 0 ? write(argv[2]) : read(argv[2]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 4;
  }
}
