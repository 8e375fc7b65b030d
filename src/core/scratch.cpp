#include "core/scratch.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "core/error.h"

namespace svhn::core {
namespace {

[[noreturn]] void fail(const std::filesystem::path& folder, int fault) {
  throw Error(ExitCode::data,
              "cannot take room for temporary numbers in '" + folder.string() + "': " + std::strerror(fault),
              "choose another --output, on a disk with more room");
}

/// @returns a new file that has no name, so that nothing is left of it when the process is killed.
int open_nameless(const std::filesystem::path& folder) {
  const int nameless = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (nameless >= 0) return nameless;
  std::string name = (folder / ".svhn-XXXXXX").string();  // NFS, for one, knows none without a name.
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named < 0) fail(folder, errno);
  ::unlink(name.c_str());
  return named;
}

}  // namespace

ScratchFile::ScratchFile(const std::filesystem::path& folder, std::size_t bytes) : size_(bytes) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const int descriptor = open_nameless(folder);
  // Allocates the disk space now: a full disk is an error here instead of SIGBUS at a later write.
  const int fault = bytes == 0 ? 0 : ::posix_fallocate(descriptor, 0, static_cast<off_t>(bytes));
  void* mapped = fault == 0 && bytes > 0
                     ? ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
                     : MAP_FAILED;
  const int map_fault = errno;
  ::close(descriptor);
  if (mapped == MAP_FAILED) fail(folder, fault != 0 ? fault : map_fault);
  data_ = static_cast<std::byte*>(mapped);
}

ScratchFile::ScratchFile(ScratchFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(other.size_) {}

ScratchFile::~ScratchFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

}  // namespace svhn::core
