#include "formats/safetensors/safetensors.h"

#include <algorithm>
#include <atomic>
#include <unordered_map>
#include <utility>

#include "formats/safetensors/header.h"

namespace svhn::formats {
namespace {

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const std::int64_t length : shape) {
    if (text.size() > 1) text += ",";
    text += length < 0 ? "any" : std::to_string(length);
  }
  return text + "]";
}

std::string describe(DType dtype, const std::vector<std::int64_t>& shape) {
  return std::string(safetensors_name(dtype)) + " " + shape_text(shape);
}

bool fits(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& pattern) {
  const auto same = [](std::int64_t length, std::int64_t wanted) { return wanted == -1 || length == wanted; };
  return std::ranges::equal(shape, pattern, same);
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

  /// Two threads may check the same piece at once; both then come to the same result.
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
    // Whoever asked often reads little of it, e.g. one image.
    if (bytes.size() == kPieceBytes) map.release(header.data_begin + info.offset + begin, bytes.size());
  }

  core::MappedFile map;
  SafetensorsSource source;
  SafetensorsHeader header;
  std::unordered_map<std::string, std::size_t> index;
  std::vector<std::size_t> first_piece;  ///< Of each tensor, in `verified`.
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

}  // namespace svhn::formats
