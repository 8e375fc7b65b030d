// Text attributes, in the forms that h5py has given them over the years.
#include <array>
#include <cstring>

#include "formats/hdf5/read.h"

namespace svhn::formats {
namespace {

constexpr std::size_t kMostTexts = 100'000;
constexpr std::size_t kMostBytes = std::size_t{64} << 20;

using Texts = std::optional<std::vector<std::string>>;

/// Texts that the library allocated for an attribute, given back to it in the end.
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
    if (bytes > kMostBytes) return std::nullopt;
  }
  return texts;
}

/// Fixed texts end at the first NUL; those padded with spaces lose them.
std::string unpadded(const char* text, std::size_t size, H5T_str_t padding) {
  std::string result(text, ::strnlen(text, size));
  if (padding == H5T_STR_SPACEPAD) result.erase(result.find_last_not_of(' ') + 1);
  return result;
}

Texts read_fixed(hid_t attribute, hid_t type, std::size_t count) {
  const std::size_t size = H5Tget_size(type);
  if (size == 0 || size > kMostBytes / count || H5Aget_storage_size(attribute) != size * count)
    return std::nullopt;
  std::vector<char> buffer(size * count);
  if (H5Aread(attribute, type, buffer.data()) < 0) return std::nullopt;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i)
    texts.push_back(unpadded(buffer.data() + i * size, size, H5Tget_strpad(type)));
  return texts;
}

}  // namespace

std::optional<std::string> hdf5_attribute_name(hid_t attribute) {
  std::array<char, 4097> name{};
  const ssize_t length = H5Aget_name(attribute, name.size(), name.data());
  if (length < 0 || static_cast<std::size_t>(length) >= name.size()) return std::nullopt;
  return std::string(name.data());
}

Texts read_hdf5_texts(hid_t attribute) {
  const Hdf5Handle type(H5Aget_type(attribute)), space(H5Aget_space(attribute));
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  if (count < 0 || static_cast<std::size_t>(count) > kMostTexts) return std::nullopt;
  if (count == 0) return std::vector<std::string>();
  if (H5Tget_class(type.get()) != H5T_STRING) return std::nullopt;
  const auto texts = static_cast<std::size_t>(count);
  if (H5Tis_variable_str(type.get()) > 0) return read_variable(attribute, type.get(), space.get(), texts);
  return read_fixed(attribute, type.get(), texts);
}

}  // namespace svhn::formats
