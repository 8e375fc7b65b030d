#include "formats/safetensors/safetensors.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <nlohmann/json.hpp>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "core/text.h"
#include "formats/safetensors/header.h"

namespace svhn::formats {
namespace {

std::string describe(DType dtype, const std::vector<std::int64_t>& shape) {
  return std::string(safetensors_name(dtype)) + " " + core::shape_text(shape);
}

bool fits(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& pattern) {
  const auto same = [](std::int64_t length, std::int64_t wanted) { return wanted == -1 || length == wanted; };
  return std::ranges::equal(shape, pattern, same);
}

constexpr std::size_t kDataAlignment = 64;

/// Reports a wrong call: an error of the program, never of a file.
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

/// Assigns consecutive offsets to the tensors.
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

struct SafetensorsFile::Impl {
  Impl(const std::filesystem::path& path, core::ExitCode code)
      : map(path, code), source{path.string(), code}, header(read_safetensors_header(map.bytes(), source)) {
    for (std::size_t i = 0; i < header.tensors.size(); ++i) {
      index[header.tensors[i].name] = i;
      first_piece.push_back(pieces);
      if (header.has_checksums) pieces += header.digests[i].size();
    }
    verified = std::make_unique<std::atomic<bool>[]>(pieces);
  }

  [[nodiscard]] std::size_t index_of(const TensorInfo& tensor) const {
    const auto found = index.find(tensor.name);
    if (found == index.end()) source.refuse("there is no tensor " + quoted_name(tensor.name));
    return found->second;
  }

  [[nodiscard]] std::span<const std::byte> raw(const TensorInfo& tensor) const {
    return map.bytes().subspan(header.data_begin + tensor.offset, tensor.bytes);
  }

  /// Two threads may verify the same piece at once, with the same result.
  void verify_piece(std::size_t tensor, std::size_t piece) const {
    std::atomic<bool>& done = verified[first_piece[tensor] + piece];
    if (done.load(std::memory_order_relaxed)) return;
    const TensorInfo& info = header.tensors[tensor];
    const std::size_t begin = piece * kPieceBytes;
    const auto bytes = raw(info).subspan(begin, std::min(kPieceBytes, info.bytes - begin));
    if (digest_of(bytes) != header.digests[tensor][piece]) {
      source.refuse("tensor " + quoted_name(info.name) + " does not match its checksum between its bytes " +
                    std::to_string(begin) + " and " + std::to_string(begin + bytes.size()));
    }
    done.store(true, std::memory_order_relaxed);
    // Callers often read a small part of it, e.g. one image.
    if (bytes.size() == kPieceBytes) map.release(header.data_begin + info.offset + begin, bytes.size());
  }

  core::MappedFile map;
  SafetensorsSource source;
  SafetensorsHeader header;
  std::unordered_map<std::string, std::size_t> index;
  std::vector<std::size_t> first_piece;  ///< Index of each tensor's first piece in `verified`.
  std::size_t pieces = 0;
  std::unique_ptr<std::atomic<bool>[]> verified;
};

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path, core::ExitCode code)
    : impl_(std::make_unique<Impl>(path, code)) {}
SafetensorsFile::~SafetensorsFile() = default;
SafetensorsFile::SafetensorsFile(SafetensorsFile&&) noexcept = default;

const std::vector<TensorInfo>& SafetensorsFile::tensors() const {
  return impl_->header.tensors;
}

const std::map<std::string, std::string>& SafetensorsFile::metadata() const {
  return impl_->header.metadata;
}

bool SafetensorsFile::has_checksums() const {
  return impl_->header.has_checksums;
}

const std::filesystem::path& SafetensorsFile::path() const {
  return impl_->map.path();
}

const TensorInfo* SafetensorsFile::find(const std::string& name) const {
  const auto found = impl_->index.find(name);
  return found == impl_->index.end() ? nullptr : &impl_->header.tensors[found->second];
}

const TensorInfo& SafetensorsFile::require(const std::string& name, DType dtype,
                                           const std::vector<std::int64_t>& shape) const {
  const TensorInfo* tensor = find(name);
  if (tensor == nullptr) impl_->source.refuse("there is no tensor " + quoted_name(name));
  if (tensor->dtype != dtype || !fits(tensor->shape, shape)) {
    impl_->source.refuse("tensor " + quoted_name(name) + " is " + describe(tensor->dtype, tensor->shape) +
                         " where " + describe(dtype, shape) + " is needed");
  }
  return *tensor;
}

std::span<const std::byte> SafetensorsFile::bytes(const TensorInfo& tensor) const {
  return bytes(tensor, 0, tensor.bytes);
}

std::span<const std::byte> SafetensorsFile::bytes(const TensorInfo& tensor, std::size_t begin,
                                                  std::size_t length) const {
  const std::size_t which = impl_->index_of(tensor);
  const TensorInfo& own = impl_->header.tensors[which];
  if (begin > own.bytes || length > own.bytes - begin) {
    throw core::Error(core::ExitCode::bug, "bytes " + std::to_string(begin) + " + " + std::to_string(length) +
                                               " are outside of tensor " + quoted_name(own.name));
  }
  if (has_checksums() && length > 0) {
    for (std::size_t piece = begin / kPieceBytes; piece <= (begin + length - 1) / kPieceBytes; ++piece) {
      impl_->verify_piece(which, piece);
    }
  }
  return impl_->raw(own).subspan(begin, length);
}

void SafetensorsFile::verify() const {
  for (const TensorInfo& tensor : tensors()) bytes(tensor);
}

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
