#pragma once
/// HDF5 files for tests, written with the HDF5 library itself.

#include <hdf5.h>

#include <filesystem>
#include <string>
#include <vector>

namespace svhn::test {

/// Writes a file with the library; handles stay open until the destructor.
class Hdf5Writer {
 public:
  explicit Hdf5Writer(const std::filesystem::path& path, hsize_t user_block = 0) {
    const hid_t creation = H5Pcreate(H5P_FILE_CREATE);
    H5Pset_userblock(creation, user_block);
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation, access);
  }
  Hdf5Writer(const Hdf5Writer&) = delete;
  Hdf5Writer& operator=(const Hdf5Writer&) = delete;
  ~Hdf5Writer() { H5Fclose(file); }

  hid_t array(const std::string& name, hid_t type, const std::vector<hsize_t>& shape,
              hid_t creation = H5P_DEFAULT) const {
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    return H5Dcreate2(file, name.c_str(), type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  }

  template <class T>
  void write(hid_t dataset, hid_t memory, const std::vector<T>& values) const {
    H5Dwrite(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  }

  void group(const std::string& name) const {
    H5Gcreate2(file, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  }

  void attribute(const std::string& name, hid_t type, hid_t space, const void* values) const {
    const hid_t made = H5Acreate2(file, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (values != nullptr) H5Awrite(made, type, values);
  }

  hid_t file;
};

inline hid_t text_type(std::size_t size, H5T_str_t padding) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, size);
  H5Tset_strpad(type, padding);
  return type;
}

inline hid_t line(hsize_t count) {
  return H5Screate_simple(1, &count, nullptr);
}

}  // namespace svhn::test
