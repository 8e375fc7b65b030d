#pragma once
/// A fuzzer's input as a file, for readers that take paths.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

namespace svhn::fuzz {

/// A file in memory. It has a name of its own, since the HDF5 library opens none through /proc/self/fd.
class File {
 public:
  explicit File(std::string_view bytes) : path_("/dev/shm/svhn-fuzz-XXXXXX") {
    const int descriptor = ::mkstemp(path_.data());
    if (descriptor < 0) std::abort();
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
      if (written <= 0) std::abort();
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    ::close(descriptor);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { ::unlink(path_.c_str()); }

  [[nodiscard]] std::filesystem::path path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace svhn::fuzz
