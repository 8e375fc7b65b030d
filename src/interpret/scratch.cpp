#include "svhn/interpret/scratch.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <utility>

#include "svhn/core/error.h"

namespace svhn::interpret {
namespace {

/// Closes a descriptor on every way out.
struct Descriptor {
  explicit Descriptor(int opened) : number(opened) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  int number;
};

[[noreturn]] void refuse(const std::filesystem::path& folder, std::size_t bytes, int error) {
  throw core::Error(core::ExitCode::data,
                    "cannot keep " + std::to_string((bytes >> 20U) + 1) + " MB in '" + folder.string() +
                        "': " + std::strerror(error),
                    "choose an --output on a disk with more room, or a --layer with fewer numbers");
}

int nameless_file(const std::filesystem::path& folder) {
  std::string name = (folder / "scratch.XXXXXX.tmp").string();
  const int descriptor = ::mkostemps(name.data(), 4, O_CLOEXEC);
  if (descriptor >= 0) ::unlink(name.c_str());
  return descriptor;
}

}  // namespace

ScratchFloats::ScratchFloats(const std::filesystem::path& folder, std::size_t count) : count_(count) {
  const std::size_t bytes = count * sizeof(float);
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  const Descriptor file(nameless_file(folder));
  if (file.number < 0) refuse(folder, bytes, errno);
  if (bytes == 0) return;
  // Without the disk's promise a full disk would be a fatal signal at the first write to the mapping.
  if (const int error = ::posix_fallocate(file.number, 0, static_cast<off_t>(bytes)); error != 0) {
    refuse(folder, bytes, error);
  }
  void* mapping = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.number, 0);
  if (mapping == MAP_FAILED) refuse(folder, bytes, errno);
  data_ = static_cast<float*>(mapping);
}

ScratchFloats::ScratchFloats(ScratchFloats&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), count_(std::exchange(other.count_, 0)) {}

ScratchFloats::~ScratchFloats() {
  if (data_ != nullptr) ::munmap(data_, count_ * sizeof(float));
}

}  // namespace svhn::interpret
