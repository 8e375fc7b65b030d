#pragma once
/// Keras' HDF5 layout, written with the HDF5 library.

#include <hdf5.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace svhn::test {

/// An array of a layer: its name in `weight_names`, shape and numbers.
struct KerasNumbers {
  std::string name;
  std::vector<hsize_t> shape;
  std::vector<float> values;
};

/// Writes layers' groups, and the description of a model where there is one.
class KerasFile {
 public:
  explicit KerasFile(const std::filesystem::path& path) {
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    file_ = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access);
    groups_ = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(groups_, 1);
  }
  KerasFile(const KerasFile&) = delete;
  KerasFile& operator=(const KerasFile&) = delete;
  ~KerasFile() { H5Fclose(file_); }

  void model(const std::string& config) { texts(file_, "model_config", {config}, true); }

  void weights(const std::string& root,
               const std::vector<std::pair<std::string, std::vector<KerasNumbers>>>& layers) {
    const hid_t group = root.empty() ? H5Gopen2(file_, "/", H5P_DEFAULT) : make(file_, root);
    std::vector<std::string> names;
    for (const auto& [layer, arrays] : layers) {
      names.push_back(layer);
      add_layer(make(group, layer), arrays);
    }
    texts(group, "layer_names", names, false);
  }

 private:
  [[nodiscard]] hid_t make(hid_t parent, const std::string& name) const {
    return H5Gcreate2(parent, name.c_str(), groups_, H5P_DEFAULT, H5P_DEFAULT);
  }

  void add_layer(hid_t group, const std::vector<KerasNumbers>& arrays) const {
    std::vector<std::string> names;
    for (const KerasNumbers& array : arrays) {
      names.push_back(array.name);
      const hid_t space = H5Screate_simple(static_cast<int>(array.shape.size()), array.shape.data(), nullptr);
      const hid_t made =
          H5Dcreate2(group, array.name.c_str(), H5T_IEEE_F32LE, space, groups_, H5P_DEFAULT, H5P_DEFAULT);
      H5Dwrite(made, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.values.data());
    }
    texts(group, "weight_names", names, false);
  }

  static void texts(hid_t place, const char* name, const std::vector<std::string>& values, bool scalar) {
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    const hsize_t count = values.size();
    const hid_t space = scalar ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &count, nullptr);
    const hid_t made = H5Acreate2(place, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    std::vector<const char*> pointers;
    for (const std::string& value : values) pointers.push_back(value.c_str());
    if (!pointers.empty()) H5Awrite(made, type, pointers.data());
  }

  hid_t file_;
  hid_t groups_;
};

/// @returns the numbers 0, 1, 2, … in a shape.
inline KerasNumbers counted(const std::string& name, const std::vector<hsize_t>& shape) {
  hsize_t count = 1;
  for (const hsize_t size : shape) count *= size;
  KerasNumbers array{name, shape, {}};
  for (hsize_t i = 0; i < count; ++i) array.values.push_back(static_cast<float>(i));
  return array;
}

}  // namespace svhn::test
