#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "formats/safetensors/header.h"

namespace svhn::formats {
namespace {

constexpr std::size_t kDataAlignment = 64;

/// What a caller must not ask for: a fault of the program, never of a file.
[[noreturn]] void refuse(const std::string& message) {
  throw core::Error(core::ExitCode::bug, message);
}

std::string json_string(const std::string& text) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::exception&) {
    refuse("cannot write " + quoted_name(text.substr(0, 40)) + " to a safetensors header: it is not UTF-8");
  }
}

void append_metadata(std::string& text, const std::map<std::string, std::string>& metadata) {
  text += "\"__metadata__\":{";
  for (const auto& [key, value] : metadata) text += json_string(key) + ":" + json_string(value) + ",";
  text.back() = '}';
}

void append_tensor(std::string& text, const TensorInfo& tensor) {
  text += ',';
  text += json_string(tensor.name);
  text += ":{\"dtype\":\"";
  text += safetensors_name(tensor.dtype);
  text += "\",\"shape\":";
  text += nlohmann::json(tensor.shape).dump();
  text += ",\"data_offsets\":[" + std::to_string(tensor.offset) + ",";
  text += std::to_string(tensor.offset + tensor.bytes) + "]}";
}

void check_tensor(const TensorToWrite& tensor) {
  const auto expected = tensor_bytes(tensor.shape, tensor.dtype);
  if (!expected || *expected != tensor.bytes.size() || tensor.shape.size() > kMaxRank) {
    refuse("tensor " + quoted_name(tensor.name) + " has " + std::to_string(tensor.bytes.size()) +
           " bytes, which does not fit its shape");
  }
  if (tensor.name == "__metadata__") refuse("a tensor cannot be named '__metadata__'");
}

std::vector<const TensorToWrite*> in_file_order(const std::vector<TensorToWrite>& tensors) {
  std::vector<const TensorToWrite*> order;
  for (const TensorToWrite& tensor : tensors) {
    check_tensor(tensor);
    order.push_back(&tensor);
  }
  const auto before = [](const TensorToWrite* a, const TensorToWrite* b) {
    return std::make_tuple(item_size(b->dtype), std::cref(a->name)) <
           std::make_tuple(item_size(a->dtype), std::cref(b->name));
  };
  std::ranges::sort(order, before);
  return order;
}

/// Lays the tensors out one after the other.
SafetensorsHeader plan_header(const std::vector<const TensorToWrite*>& order,
                              const std::map<std::string, std::string>& metadata) {
  SafetensorsHeader header;
  header.metadata = metadata;
  std::size_t offset = 0;
  for (const TensorToWrite* tensor : order) {
    const std::size_t bytes = tensor->bytes.size();
    header.tensors.push_back({tensor->name, tensor->dtype, tensor->shape, offset, bytes});
    header.digests.push_back(piece_digests(tensor->bytes));
    offset += bytes;
  }
  return header;
}

void check_names(const SafetensorsHeader& header) {
  std::vector<std::string> names;
  for (const TensorInfo& tensor : header.tensors) names.push_back(tensor.name);
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  if (twice != names.end()) refuse("two tensors are named " + quoted_name(*twice));
  for (const auto& [key, value] : header.metadata) {
    if (key.starts_with("svhn.checksum")) refuse("the metadata key " + quoted_name(key) + " is reserved");
  }
}

}  // namespace

std::string make_safetensors_header(const SafetensorsHeader& header) {
  check_names(header);
  auto metadata = header.metadata;
  add_checksum_entries(header, metadata);
  std::string text(kLengthBytes, '\0');
  text += '{';
  append_metadata(text, metadata);
  for (const TensorInfo& tensor : header.tensors) append_tensor(text, tensor);
  text += '}';
  text.resize((text.size() + kDataAlignment - 1) / kDataAlignment * kDataAlignment, ' ');
  const std::uint64_t length = text.size() - kLengthBytes;
  if (length > kMaxHeaderBytes) refuse("the names and metadata need a header of more than 100000000 bytes");
  std::memcpy(text.data(), &length, kLengthBytes);
  sign_head(text);
  return text;
}

void write_safetensors(const std::filesystem::path& path, const std::vector<TensorToWrite>& tensors,
                       const std::map<std::string, std::string>& metadata, core::ExitCode code) {
  const auto order = in_file_order(tensors);
  const std::string head = make_safetensors_header(plan_header(order, metadata));
  core::AtomicFile file(path, code);
  file.write(head);
  for (const TensorToWrite* tensor : order) file.write(tensor->bytes);
  file.commit();
}

}  // namespace svhn::formats
