#include "core/pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "core/paths.h"
#include "core/signals.h"

namespace svhn::core {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 16;
constexpr std::size_t kMostBytes = std::size_t{1} << 32;

[[noreturn]] void fail(const std::filesystem::path& path, ExitCode code, const std::string& why) {
  throw Error(code, "cannot read '" + path.string() + "': " + why, "save it as a file first");
}

std::string reason(int error) {
  return std::strerror(error);  // NOLINT(concurrency-mt-unsafe): glibc's is safe for known error numbers
}

/// A file in memory, closed again unless it is kept.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(::memfd_create("svhn-pipe", MFD_CLOEXEC)) {}
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  /// @returns whether all of it could be written.
  [[nodiscard]] bool append(const std::byte* data, std::size_t bytes) const {
    while (bytes > 0) {
      const ssize_t written = ::write(descriptor_, data, bytes);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return false;
      data += written;
      bytes -= static_cast<std::size_t>(written);
    }
    return true;
  }
  [[nodiscard]] int keep() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

/// Waits until a writer has come and written, or has gone. @returns whether there are bytes.
bool wait_for_bytes(int descriptor) {
  while (true) {
    if (const int signal = stop_signal(); signal != 0) throw Interrupted(signal, "stopped");
    pollfd asked{descriptor, POLLIN, 0};
    if (::poll(&asked, 1, -1) < 0) continue;  // EINTR
    return (asked.revents & POLLIN) != 0;
  }
}

int read_all(int descriptor, const std::filesystem::path& path, ExitCode code) {
  MemoryFile file;
  std::array<std::byte, kBufferBytes> buffer{};
  std::size_t total = 0;
  while (wait_for_bytes(descriptor)) {
    const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
    if (got == 0) break;
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) fail(path, code, reason(errno));
    total += static_cast<std::size_t>(got);
    if (total > kMostBytes) fail(path, code, "a pipe of more than 4 GiB");
    if (!file.append(buffer.data(), static_cast<std::size_t>(got))) fail(path, code, reason(errno));
  }
  return file.keep();
}

/// The pipes that are allowed, with their files once they are read. Never destroyed, as threads may outlive
/// `main`.
class Pipes {
 public:
  void allow(const FileId& id) {
    const std::lock_guard lock(mutex_);
    files_.emplace(id, std::nullopt);
  }
  bool holds(const FileId& id) {
    const std::lock_guard lock(mutex_);
    return files_.contains(id);
  }
  int file_of(const FileId& id, int descriptor, const std::filesystem::path& path, ExitCode code) {
    const std::lock_guard lock(mutex_);
    auto& file = files_[id];
    if (!file) {
      file = read_all(descriptor, path, code);
      // While the pipe is open, no other one gets its inode.
      if (::fcntl(descriptor, F_DUPFD_CLOEXEC, 0) < 0) fail(path, code, reason(errno));
    }
    return *file;
  }

 private:
  std::mutex mutex_;
  std::map<FileId, std::optional<int>> files_;
};

Pipes& pipes() {
  static Pipes& only = *new Pipes;
  return only;
}

}  // namespace

void allow_pipe(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_fifo(path, error)) return;
  if (const auto id = file_id(path)) pipes().allow(*id);
}

bool is_allowed_pipe(int descriptor) {
  const auto id = descriptor_id(descriptor);
  return id && pipes().holds(*id);
}

int file_of_pipe(int descriptor, const std::filesystem::path& path, ExitCode code) {
  const auto id = descriptor_id(descriptor);
  if (!id) fail(path, code, "it is not open");
  return pipes().file_of(*id, descriptor, path, code);
}

std::filesystem::path path_of_content(const std::filesystem::path& path, ExitCode code) {
  std::error_code error;
  if (!std::filesystem::is_fifo(path, error)) return path;
  const int pipe = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (pipe < 0) return path;  // Whoever opens it says why.
  struct Close {
    int descriptor;
    ~Close() { ::close(descriptor); }
  };
  const Close closed{pipe};
  if (!is_allowed_pipe(pipe)) return path;
  return "/proc/self/fd/" + std::to_string(file_of_pipe(pipe, path, code));
}

}  // namespace svhn::core
