#include "report/charts/memory_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace svhn::report {

MemoryFile::MemoryFile() {
  const int created = ::memfd_create("svhn", MFD_CLOEXEC);
  if (created < 0) return;
  // Above the standard streams: where one of those was closed, handing this one on would cover it.
  descriptor_ = ::fcntl(created, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  ::close(created);
}

MemoryFile::~MemoryFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::FILE* MemoryFile::stream() const {
  const int copy = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return nullptr;
  std::FILE* stream = ::fdopen(copy, "w");
  if (stream == nullptr) ::close(copy);
  return stream;
}

void MemoryFile::rewind() const {
  ::lseek(descriptor_, 0, SEEK_SET);
}

std::string MemoryFile::read(std::size_t limit) const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) return {};
  std::string bytes(std::min(static_cast<std::size_t>(status.st_size), limit), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got =
        ::pread(descriptor_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace svhn::report
