#pragma once
/// Owners for the handles of the HDF5 C library. Used in the reading process alone, see hdf5_worker.h.

#include <hdf5.h>

#include <utility>

namespace svhn::formats {

/// Owns a handle of any kind. A negative handle is the library's way to say that something failed.
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

}  // namespace svhn::formats
