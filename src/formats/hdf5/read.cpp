#include "formats/hdf5/read.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <new>

namespace svhn::formats {
namespace {

constexpr std::size_t kMaxRank = 8;
constexpr std::size_t kMaxInflation = 1040;  // zlib documents at most 1032:1; the rest allows for headers.
constexpr std::size_t kMaxChunk = std::size_t{16} << 20;

struct LinkNames {
  std::vector<std::string> names;
  std::size_t max;
  bool valid = true;
};

/// Callback of the C library, so no exception may leave it.
herr_t add_link(hid_t, const char* name, const H5L_info_t*, void* data) noexcept {
  auto& links = *static_cast<LinkNames*>(data);
  const std::string_view text(name);
  links.valid = links.names.size() < links.max && !text.empty() && text.size() <= 4096 && text != "." &&
                text.find('/') == std::string_view::npos;
  try {
    if (links.valid) links.names.emplace_back(text);
  } catch (const std::bad_alloc&) {
    links.valid = false;
  }
  return links.valid ? 0 : 1;
}

/// @returns a little-endian copy of the type, owned by the caller.
hid_t little_endian(hid_t type) {
  const hid_t copy = H5Tcopy(type);
  H5Tset_order(copy, H5T_ORDER_LE);
  return copy;
}

/// Detects binary16, for which the library has no constant: 1 sign bit, 5 exponent bits (bias 15), 10
/// mantissa bits.
bool is_half(hid_t type) {
  std::size_t sign = 0, exponent = 0, exponent_bits = 0, mantissa = 0, mantissa_bits = 0;
  return H5Tget_class(type) == H5T_FLOAT && H5Tget_size(type) == 2 &&
         H5Tget_fields(type, &sign, &exponent, &exponent_bits, &mantissa, &mantissa_bits) >= 0 &&
         std::array{sign, exponent, exponent_bits, mantissa, mantissa_bits} ==
             std::array<std::size_t, 5>{15, 10, 5, 0, 10} &&
         H5Tget_ebias(type) == 15;
}

std::optional<DType> dtype_of(hid_t file_type) {
  const H5T_class_t kind = H5Tget_class(file_type);
  if (kind != H5T_FLOAT && kind != H5T_INTEGER) return std::nullopt;
  const Hdf5Handle type(little_endian(file_type));
  const std::array<std::pair<hid_t, DType>, 10> table{{{H5T_IEEE_F32LE, DType::f32},
                                                       {H5T_IEEE_F64LE, DType::f64},
                                                       {H5T_STD_U8LE, DType::u8},
                                                       {H5T_STD_I8LE, DType::i8},
                                                       {H5T_STD_U16LE, DType::u16},
                                                       {H5T_STD_I16LE, DType::i16},
                                                       {H5T_STD_U32LE, DType::u32},
                                                       {H5T_STD_I32LE, DType::i32},
                                                       {H5T_STD_U64LE, DType::u64},
                                                       {H5T_STD_I64LE, DType::i64}}};
  for (const auto& [known, dtype] : table) {
    if (H5Tequal(type.get(), known) > 0) return dtype;
  }
  return is_half(type.get()) ? std::optional(DType::f16) : std::nullopt;
}

bool describe_space(hid_t dataset, Hdf5Dataset& description) {
  const Hdf5Handle space(H5Dget_space(dataset));
  const H5S_class_t kind = H5Sget_simple_extent_type(space.get());
  if (kind != H5S_SCALAR && kind != H5S_SIMPLE) return false;
  const int rank = H5Sget_simple_extent_ndims(space.get());
  if (rank < 0 || static_cast<std::size_t>(rank) > kMaxRank) return false;
  std::array<hsize_t, kMaxRank> sizes{};
  if (rank > 0 && H5Sget_simple_extent_dims(space.get(), sizes.data(), nullptr) < 0) return false;
  description.elements = 1;
  for (std::size_t i = 0; i < static_cast<std::size_t>(rank); ++i) {
    if (sizes[i] != 0 && description.elements > SIZE_MAX / 16 / sizes[i]) return false;
    description.elements *= sizes[i];
    description.shape.push_back(static_cast<std::int64_t>(sizes[i]));
  }
  return true;
}

bool known_filters(hid_t creation) {
  const int count = H5Pget_nfilters(creation);
  for (int i = 0; i < count; ++i) {
    unsigned flags = 0;
    std::size_t values = 0;
    const H5Z_filter_t id =
        H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, nullptr);
    if (id != H5Z_FILTER_DEFLATE && id != H5Z_FILTER_SHUFFLE && id != H5Z_FILTER_FLETCHER32) return false;
  }
  return count >= 0;
}

/// The library allocates a full chunk before it reads the stored bytes.
bool reasonable_chunks(hid_t creation, std::size_t item, std::size_t array_bytes) {
  std::array<hsize_t, kMaxRank> sizes{};
  const int rank = H5Pget_chunk(creation, kMaxRank, sizes.data());
  if (rank < 1 || static_cast<std::size_t>(rank) > kMaxRank) return false;
  const std::size_t limit = std::max(kMaxChunk, array_bytes);
  std::size_t bytes = item;
  for (std::size_t i = 0; i < static_cast<std::size_t>(rank); ++i) {
    if (sizes[i] == 0 || bytes > limit / sizes[i]) return false;
    bytes *= sizes[i];
  }
  return true;
}

constexpr std::size_t kMaxTexts = 100'000;
constexpr std::size_t kMaxTextBytes = std::size_t{64} << 20;

using Texts = std::optional<std::vector<std::string>>;

/// Texts that the library allocated for an attribute; the destructor frees them.
class LibraryTexts {
 public:
  LibraryTexts(hid_t type, hid_t space, std::size_t count)
      : pointers(count, nullptr), type_(type), space_(space) {}
  LibraryTexts(const LibraryTexts&) = delete;
  LibraryTexts& operator=(const LibraryTexts&) = delete;
  ~LibraryTexts() { H5Dvlen_reclaim(type_, space_, H5P_DEFAULT, pointers.data()); }

  std::vector<char*> pointers;

 private:
  hid_t type_;
  hid_t space_;
};

Texts read_variable(hid_t attribute, hid_t type, hid_t space, std::size_t count) {
  const Hdf5Handle memory(H5Tcopy(H5T_C_S1));
  H5Tset_size(memory.get(), H5T_VARIABLE);
  H5Tset_cset(memory.get(), H5Tget_cset(type));
  LibraryTexts found(memory.get(), space, count);
  if (H5Aread(attribute, memory.get(), found.pointers.data()) < 0) return std::nullopt;
  std::vector<std::string> texts;
  std::size_t bytes = 0;
  for (const char* text : found.pointers) {
    texts.emplace_back(text == nullptr ? "" : text);
    bytes += texts.back().size();
    if (bytes > kMaxTextBytes) return std::nullopt;
  }
  return texts;
}

/// A text of fixed length ends at the first NUL; padding with spaces is removed.
std::string unpadded(const char* text, std::size_t size, H5T_str_t padding) {
  std::string result(text, ::strnlen(text, size));
  if (padding == H5T_STR_SPACEPAD) result.erase(result.find_last_not_of(' ') + 1);
  return result;
}

Texts read_fixed(hid_t attribute, hid_t type, std::size_t count) {
  const std::size_t size = H5Tget_size(type);
  if (size == 0 || size > kMaxTextBytes / count || H5Aget_storage_size(attribute) != size * count)
    return std::nullopt;
  std::vector<char> buffer(size * count);
  if (H5Aread(attribute, type, buffer.data()) < 0) return std::nullopt;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i)
    texts.push_back(unpadded(buffer.data() + i * size, size, H5Tget_strpad(type)));
  return texts;
}

}  // namespace

std::optional<std::vector<std::string>> hdf5_links(hid_t group, std::size_t max_links) {
  LinkNames links{{}, max_links};
  const herr_t status = H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, add_link, &links);
  if (status != 0 || !links.valid) return std::nullopt;
  return std::move(links.names);
}

bool describe_hdf5(hid_t dataset, Hdf5Dataset& description) {
  const Hdf5Handle type(H5Dget_type(dataset));
  const auto dtype = dtype_of(type.get());
  if (!dtype || !describe_space(dataset, description)) return false;
  description.dtype = *dtype;
  return true;
}

std::string hdf5_storage_fault(hid_t dataset, const Hdf5Dataset& description, std::size_t file_bytes) {
  const Hdf5Handle creation(H5Dget_create_plist(dataset));
  const H5D_layout_t layout = H5Pget_layout(creation.get());
  if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED)
    return "is not stored in the file itself";
  if (H5Pget_external_count(creation.get()) != 0) return "is stored in another file";
  if (!known_filters(creation.get())) return "uses a filter that is not read (deflate and shuffle are)";
  const std::size_t item = item_size(description.dtype), bytes = description.elements * item;
  if (layout == H5D_CHUNKED && !reasonable_chunks(creation.get(), item, bytes))
    return "is stored in chunks that are too large";
  const std::size_t stored = H5Dget_storage_size(dataset);
  const bool filtered = H5Pget_nfilters(creation.get()) > 0;
  const std::size_t limit = filtered && stored <= SIZE_MAX / kMaxInflation ? stored * kMaxInflation : stored;
  if (stored > file_bytes || bytes > limit)
    return "promises " + std::to_string(bytes) + " bytes, which the file does not hold";
  return "";
}

std::optional<std::uint64_t> hdf5_plain_offset(hid_t dataset) {
  const Hdf5Handle creation(H5Dget_create_plist(dataset)), type(H5Dget_type(dataset));
  if (H5Pget_layout(creation.get()) != H5D_CONTIGUOUS || H5Tget_order(type.get()) != H5T_ORDER_LE)
    return std::nullopt;
  const haddr_t offset = H5Dget_offset(dataset);
  return offset == HADDR_UNDEF ? std::nullopt : std::optional<std::uint64_t>(offset);
}

std::optional<std::vector<std::byte>> read_hdf5(hid_t dataset, const Hdf5Dataset& description) {
  std::vector<std::byte> bytes(description.elements * item_size(description.dtype));
  if (bytes.empty()) return bytes;
  const Hdf5Handle type(H5Dget_type(dataset));
  const Hdf5Handle memory(little_endian(type.get()));
  if (H5Dread(dataset, memory.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) < 0) return std::nullopt;
  return bytes;
}

std::optional<std::string> hdf5_attribute_name(hid_t attribute) {
  std::array<char, 4097> name{};
  const ssize_t length = H5Aget_name(attribute, name.size(), name.data());
  if (length < 0 || static_cast<std::size_t>(length) >= name.size()) return std::nullopt;
  return std::string(name.data());
}

Texts read_hdf5_texts(hid_t attribute) {
  const Hdf5Handle type(H5Aget_type(attribute)), space(H5Aget_space(attribute));
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  if (count < 0 || static_cast<std::size_t>(count) > kMaxTexts) return std::nullopt;
  if (count == 0) return std::vector<std::string>();
  if (H5Tget_class(type.get()) != H5T_STRING) return std::nullopt;
  const auto texts = static_cast<std::size_t>(count);
  if (H5Tis_variable_str(type.get()) > 0) return read_variable(attribute, type.get(), space.get(), texts);
  return read_fixed(attribute, type.get(), texts);
}

}  // namespace svhn::formats
