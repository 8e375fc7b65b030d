#include "formats/safetensors/header.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <tuple>
#include <utility>

#include "core/json.h"

namespace svhn::formats {
namespace {

static_assert(std::endian::native == std::endian::little,
              "safetensors is little-endian, and so is this reader");

std::string_view header_text(std::span<const std::byte> file, const SafetensorsSource& source) {
  if (file.size() < kLengthBytes) {
    source.refuse("the file has " + std::to_string(file.size()) + " bytes, too few for a safetensors file");
  }
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), kLengthBytes);
  if (length > kMaxHeaderBytes) {
    source.refuse("the header claims " + std::to_string(length) + " bytes, more than the 100000000 allowed");
  }
  if (length > file.size() - kLengthBytes) {
    source.refuse("the header claims " + std::to_string(length) + " bytes, the file has " +
                  std::to_string(file.size() - kLengthBytes) + " left");
  }
  return {reinterpret_cast<const char*>(file.data()) + kLengthBytes, length};
}

void check_size(const TensorInfo& tensor, const SafetensorsSource& source) {
  const auto expected = tensor_bytes(tensor.shape, tensor.dtype);
  if (!expected) source.refuse("the shape of tensor " + quoted_name(tensor.name) + " is too large");
  if (*expected != tensor.bytes) {
    source.refuse("tensor " + quoted_name(tensor.name) + " has " + std::to_string(tensor.bytes) +
                  " bytes where its shape needs " + std::to_string(*expected));
  }
}

void check_layout(std::vector<TensorInfo>& tensors, std::size_t data_size, const SafetensorsSource& source) {
  const auto place = [](const TensorInfo& t) { return std::tie(t.offset, t.bytes, t.name); };
  std::ranges::sort(tensors, {}, place);
  std::size_t end = 0;
  for (const TensorInfo& tensor : tensors) {
    check_size(tensor, source);
    if (tensor.offset != end) {
      source.refuse("tensor " + quoted_name(tensor.name) + " begins at data byte " +
                    std::to_string(tensor.offset) + ", the tensors before it end at " + std::to_string(end));
    }
    if (tensor.bytes > data_size - end) {
      source.refuse("tensor " + quoted_name(tensor.name) + " reaches beyond the end of the file");
    }
    end += tensor.bytes;
  }
  if (end != data_size) {
    source.refuse("the tensors end at data byte " + std::to_string(end) + ", the file at " +
                  std::to_string(data_size));
  }
}

}  // namespace

void SafetensorsSource::refuse(const std::string& message) const {
  throw core::Error(code, "'" + name + "': " + message,
                    "the file is damaged or not a safetensors file; make it again or fetch it anew");
}

std::string quoted_name(std::string_view name) {
  std::string text = "'";
  text += core::printable(name, 80);
  text += '\'';
  return text;
}

std::optional<std::size_t> tensor_bytes(const std::vector<std::int64_t>& shape, DType dtype) {
  std::size_t bytes = item_size(dtype);
  for (const std::int64_t length : shape) {
    if (length < 0 || __builtin_mul_overflow(bytes, static_cast<std::size_t>(length), &bytes))
      return std::nullopt;
  }
  return bytes;
}

SafetensorsHeader read_safetensors_header(std::span<const std::byte> file, const SafetensorsSource& source) {
  const std::string_view text = header_text(file, source);
  SafetensorsJson json = parse_safetensors_json(text, source);
  SafetensorsHeader header;
  header.tensors = std::move(json.tensors);
  header.metadata = std::move(json.metadata);
  header.data_begin = kLengthBytes + text.size();
  check_layout(header.tensors, file.size() - header.data_begin, source);
  take_checksums(header, file.first(header.data_begin), source);
  return header;
}

}  // namespace svhn::formats
