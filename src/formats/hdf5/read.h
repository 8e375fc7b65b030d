#pragma once
/// Queries about single objects through the HDF5 C library. Only the reading process calls them, see scan.h.

#include <hdf5.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "formats/hdf5/file.h"

namespace svhn::formats {

/// Owns a library handle of any kind. The library returns a negative handle on failure.
class Hdf5Handle {
 public:
  explicit Hdf5Handle(hid_t id = H5I_INVALID_HID) : id_(id) {}
  Hdf5Handle(const Hdf5Handle&) = delete;
  Hdf5Handle& operator=(const Hdf5Handle&) = delete;
  ~Hdf5Handle() {
    if (id_ >= 0) H5Idec_ref(id_);
  }

  [[nodiscard]] hid_t get() const { return id_; }
  [[nodiscard]] bool valid() const { return id_ >= 0; }

 private:
  hid_t id_;
};

/// Names of a group's links, sorted, none longer than 4096 bytes or with a '/'.
/// @returns nullopt when there are more than `max_links`, or the group is damaged.
std::optional<std::vector<std::string>> hdf5_links(hid_t group, std::size_t max_links);

/// Sets the type, shape and element count of an array.
/// @returns false for arrays of other than plain numbers; `description` is then unspecified.
bool describe_hdf5(hid_t dataset, Hdf5Dataset& description);

/// @param file_bytes the length of the file. @returns why the array must not be read, or "".
std::string hdf5_storage_fault(hid_t dataset, const Hdf5Dataset& description, std::size_t file_bytes);

/// @returns the array's elements, little-endian; nullopt when the library fails.
std::optional<std::vector<std::byte>> read_hdf5(hid_t dataset, const Hdf5Dataset& description);

/// @returns the file offset of an array stored contiguously and little-endian; nullopt for other arrays.
std::optional<std::uint64_t> hdf5_plain_offset(hid_t dataset);

/// @returns an attribute's name, at most 4096 bytes; nullopt when it is damaged.
std::optional<std::string> hdf5_attribute_name(hid_t attribute);

/// @returns the texts of an attribute; nullopt when it is not text, too large or damaged.
std::optional<std::vector<std::string>> read_hdf5_texts(hid_t attribute);

}  // namespace svhn::formats
