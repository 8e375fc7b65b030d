#include "formats/hdf5/index.h"

#include <algorithm>
#include <iterator>

namespace svhn::formats {
namespace {

class Packer {
 public:
  void number(std::uint64_t value) {
    for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(value >> 8 * i & 0xff));
  }
  void text(std::string_view value) {
    number(value.size());
    out.append(value);
  }

  std::string out;
};

class Unpacker {
 public:
  explicit Unpacker(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    const auto raw = take(8);
    for (std::size_t i = 0; i < raw.size(); ++i) value |= std::to_integer<std::uint64_t>(raw[i]) << 8 * i;
    return value;
  }
  std::string text() {
    const auto raw = take(number());
    return {reinterpret_cast<const char*>(raw.data()), raw.size()};
  }
  /// @returns a number of things of at least 8 bytes each that may follow.
  std::size_t count() {
    const std::uint64_t value = number();
    sound = sound && value <= bytes_.size() / 8;
    return sound ? value : 0;
  }
  std::span<const std::byte> take(std::uint64_t size) {
    sound = sound && size <= bytes_.size();
    if (!sound) return {};
    const auto taken = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return taken;
  }

  bool sound = true;

 private:
  std::span<const std::byte> bytes_;
};

void pack_entry(Packer& packer, const Hdf5Entry& entry) {
  packer.text(entry.dataset.path);
  packer.number(static_cast<std::uint64_t>(entry.dataset.dtype));
  packer.number(entry.dataset.shape.size());
  for (const std::int64_t size : entry.dataset.shape) packer.number(static_cast<std::uint64_t>(size));
  packer.text(entry.fault);
  packer.number(entry.in_file ? 1 : 0);
  packer.number(entry.offset);
}

/// Sets `elements` from the shape. @returns false when the product or a size is out of bounds.
bool count_elements(Hdf5Dataset& dataset) {
  dataset.elements = 1;
  for (const std::int64_t size : dataset.shape) {
    const auto length = static_cast<std::size_t>(size);
    if (size < 0 || (size > 0 && dataset.elements > SIZE_MAX / 16 / length)) return false;
    dataset.elements *= length;
  }
  return true;
}

Hdf5Entry unpack_entry(Unpacker& unpacker) {
  Hdf5Entry entry;
  entry.dataset.path = unpacker.text();
  const std::uint64_t dtype = unpacker.number();
  unpacker.sound = unpacker.sound && dtype <= static_cast<std::uint64_t>(DType::f64);
  if (unpacker.sound) entry.dataset.dtype = static_cast<DType>(dtype);
  const std::size_t rank = unpacker.count();
  for (std::size_t i = 0; i < rank; ++i)
    entry.dataset.shape.push_back(static_cast<std::int64_t>(unpacker.number()));
  unpacker.sound = unpacker.sound && count_elements(entry.dataset);
  entry.fault = unpacker.text();
  entry.in_file = unpacker.number() != 0;
  entry.offset = unpacker.number();
  return entry;
}

void unpack_texts(Unpacker& unpacker, Hdf5Index& index) {
  const std::size_t attributes = unpacker.count();
  for (std::size_t i = 0; i < attributes; ++i) {
    std::string group = unpacker.text(), name = unpacker.text();
    auto& texts = index.texts[{std::move(group), std::move(name)}];
    if (unpacker.number() == 0) continue;
    texts.emplace();
    const std::size_t size = unpacker.count();
    for (std::size_t j = 0; j < size; ++j) texts->push_back(unpacker.text());
  }
}

bool in_bounds(const Hdf5Entry& entry, std::size_t file_bytes, std::size_t blob_bytes) {
  if (!entry.fault.empty()) return true;
  const std::size_t room = entry.in_file ? file_bytes : blob_bytes;
  return entry.offset <= room &&
         entry.dataset.elements <= (room - entry.offset) / item_size(entry.dataset.dtype);
}

}  // namespace

std::string pack_hdf5(const Hdf5Index& index) {
  Packer packer;
  packer.text(index.fault);
  packer.text(index.hint);
  packer.number(index.entries.size());
  for (const Hdf5Entry& entry : index.entries) pack_entry(packer, entry);
  packer.number(index.groups.size());
  for (const std::string& group : index.groups) packer.text(group);
  packer.number(index.texts.size());
  for (const auto& [place, texts] : index.texts) {
    packer.text(place.first);
    packer.text(place.second);
    packer.number(texts ? 1 : 0);
    if (!texts) continue;
    packer.number(texts->size());
    for (const std::string& text : *texts) packer.text(text);
  }
  packer.text({reinterpret_cast<const char*>(index.blob.data()), index.blob.size()});
  return packer.out;
}

std::optional<Hdf5Index> unpack_hdf5(std::span<const std::byte> bytes, std::size_t file_bytes) {
  Unpacker unpacker(bytes);
  Hdf5Index index;
  index.fault = unpacker.text();
  index.hint = unpacker.text();
  const std::size_t entries = unpacker.count();
  for (std::size_t i = 0; i < entries && unpacker.sound; ++i) index.entries.push_back(unpack_entry(unpacker));
  const std::size_t groups = unpacker.count();
  for (std::size_t i = 0; i < groups && unpacker.sound; ++i) index.groups.insert(unpacker.text());
  unpack_texts(unpacker, index);
  const auto blob = unpacker.take(unpacker.number());
  index.blob.assign(blob.begin(), blob.end());
  const bool sound = unpacker.sound &&
                     std::all_of(index.entries.begin(), index.entries.end(),
                                 [&](const auto& e) { return in_bounds(e, file_bytes, index.blob.size()); });
  return sound ? std::optional(std::move(index)) : std::nullopt;
}

}  // namespace svhn::formats
