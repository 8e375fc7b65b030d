#include "core/mappings.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/json.h"

namespace svhn::core {
namespace {

constexpr std::size_t kMaxPath = 4096;
constexpr std::size_t kMost = 2048;  // Mappings at a time: some files, and a picture for each thread.

std::string message_of(const std::filesystem::path& path) {
  return "'" + printable(path.string(), kMaxPath) + "' was changed by another process while it was in use";
}

std::string hint_of(const std::filesystem::path& path) {
  return "keep '" + printable(path.string(), kMaxPath) +
         "' as it is while it is in use; resume a training with --resume";
}

struct FileState {
  off_t size = 0;
  timespec time{};

  bool operator==(const FileState& other) const {
    return size == other.size && time.tv_sec == other.time.tv_sec && time.tv_nsec == other.time.tv_nsec;
  }
};

FileState state_of(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return {};
  return {status.st_size, status.st_mtim};
}

/// One mapping. The signal handler reads `begin`, `end` and the text of the message.
struct Slot {
  std::atomic<std::uintptr_t> begin{0};  // 0: free.
  std::uintptr_t end = 0;                // Of its last page.
  std::string text;                      // What the signal handler prints.
  std::filesystem::path path;
  int descriptor = -1;  // -1: too many files were open to keep one more. Then only lost pages are noticed.
  FileState state;

  [[nodiscard]] bool changed() const { return descriptor >= 0 && !(state_of(descriptor) == state); }
};

/// A signal handler can only use what is static.
struct Watch {
  std::atomic<bool> on{false};
  std::mutex mutex;  // Of everything but what the handler reads.
  std::array<Slot, kMost> slots;
  std::filesystem::path changed;  // A file that is not mapped any more.
  int report_once = -1;
};

Watch& watch() {
  static Watch& only = *new Watch;  // Never destroyed, as threads may outlive `main`.
  return only;
}

/// As may_report_failure of core/launch.h, with what a signal handler may call.
bool may_report(int report_once) {
  std::uint64_t count = 0;
  return report_once < 0 || ::read(report_once, &count, sizeof(count)) == sizeof(count) || errno != EAGAIN;
}

void report_lost_page(int signal, siginfo_t* info, void* /*context*/) {
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  const bool access = info->si_code > 0;  // Otherwise another process has sent the signal.
  for (const Slot& slot : watch().slots) {
    const std::uintptr_t begin = slot.begin.load();
    if (!access || begin == 0 || address < begin || address >= slot.end) continue;
    if (may_report(watch().report_once)) {
      static_cast<void>(::write(STDERR_FILENO, slot.text.data(), slot.text.size()) < 0);
    }
    ::_exit(static_cast<int>(ExitCode::data));
  }
  // Not ours: the access is repeated and ends the process as it would have.
  ::signal(signal, SIG_DFL);
}

void free_slot(Slot& slot) {
  slot.begin.store(0);
  if (slot.descriptor >= 0) ::close(std::exchange(slot.descriptor, -1));
}

/// @returns the first address behind the pages of a mapping.
std::uintptr_t end_of(std::span<const std::byte> bytes) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto end = reinterpret_cast<std::uintptr_t>(bytes.data() + bytes.size());
  return (end + page - 1) / page * page;
}

}  // namespace

void watch_mappings() {
  Watch& all = watch();
  if (const char* name = std::getenv("SVHN_SAY_ONCE")) {
    const std::string_view text(name);
    std::from_chars(text.data(), text.data() + text.size(), all.report_once);
  }
  struct sigaction action {};
  action.sa_sigaction = report_lost_page;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, nullptr);
  all.on = true;
}

void add_mapping(std::span<const std::byte> bytes, const std::filesystem::path& path, int descriptor) {
  Watch& all = watch();
  if (!all.on) return;
  const std::lock_guard lock(all.mutex);
  for (Slot& slot : all.slots) {
    if (slot.begin.load() != 0) continue;
    slot.descriptor = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    slot.state = state_of(descriptor);
    slot.path = path;
    slot.text = "svhn: error: " + message_of(path) + "\nhint: " + hint_of(path) + "\n";
    slot.end = end_of(bytes);
    slot.begin.store(reinterpret_cast<std::uintptr_t>(bytes.data()));
    return;
  }
}

void remove_mapping(const std::byte* begin) {
  Watch& all = watch();
  if (!all.on) return;
  const std::lock_guard lock(all.mutex);
  for (Slot& slot : all.slots) {
    if (slot.begin.load() != reinterpret_cast<std::uintptr_t>(begin)) continue;
    if (slot.changed()) all.changed = slot.path;
    free_slot(slot);
    return;
  }
}

void check_mappings() {
  Watch& all = watch();
  if (!all.on) return;
  const std::lock_guard lock(all.mutex);
  for (const Slot& slot : all.slots) {
    if (slot.changed()) throw Error(ExitCode::data, message_of(slot.path), hint_of(slot.path));
  }
  if (!all.changed.empty()) throw Error(ExitCode::data, message_of(all.changed), hint_of(all.changed));
}

}  // namespace svhn::core
