#include "formats/hdf5/worker.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

#include "core/file.h"
#include "formats/hdf5/scan.h"

namespace svhn::formats {
namespace {

constexpr rlim_t kBaseMemory = rlim_t{1} << 30;
constexpr rlim_t kBaseSeconds = 3;
constexpr rlim_t kBytesPerSecond = 50'000'000;

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  [[nodiscard]] int get() const { return value_; }

 private:
  int value_;
};

/// Address space in use; the child starts with all of its parent's.
rlim_t own_memory() {
  long pages = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  const int found = std::fscanf(file, "%ld", &pages);
  std::fclose(file);
  return found == 1 ? static_cast<rlim_t>(pages) * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

void limit(int resource, rlim_t most) {
  rlimit current{};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &current) != 0) return;
  current.rlim_cur = std::min(most, current.rlim_max);
  ::setrlimit(static_cast<__rlimit_resource>(resource), &current);
}

/// What a crash would otherwise do: print, dump core, run a handler of the program, or go on for ever.
void restrain(std::size_t file_bytes) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU}) std::signal(signal, SIG_DFL);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, kBaseSeconds + file_bytes / kBytesPerSecond);
  if (const rlim_t used = own_memory(); used > 0)
    limit(RLIMIT_AS, used + kBaseMemory + 160 * rlim_t{file_bytes});
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) ::dup2(nowhere, stream);
}

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// Never returns; ends without the parent's clean-up (exit handlers, buffered output).
[[noreturn]] void run_child(const std::filesystem::path& path, std::size_t file_bytes, int result) {
  restrain(file_bytes);
  bool told = false;
  try {
    told = write_all(result, pack_hdf5(scan_hdf5(path, file_bytes)));
  } catch (const std::exception&) {
    told = false;  // Out of memory: the parent says that the file is damaged.
  }
  ::_exit(told ? 0 : 1);
}

bool ends_well(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

std::optional<Hdf5Index> scan_hdf5_apart(const std::filesystem::path& path, std::size_t file_bytes) {
  const Descriptor result(::memfd_create("svhn-hdf5", MFD_CLOEXEC));
  if (result.get() < 0) return std::nullopt;
  const pid_t child = ::fork();
  if (child < 0) return std::nullopt;
  if (child == 0) run_child(path, file_bytes, result.get());
  if (!ends_well(child)) return std::nullopt;
  const core::MappedFile told("/proc/self/fd/" + std::to_string(result.get()), core::ExitCode::bug);
  return unpack_hdf5(told.bytes(), file_bytes);
}

}  // namespace svhn::formats
