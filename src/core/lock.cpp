#include "core/lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/date.h"
#include "core/error.h"
#include "core/paths.h"

namespace svhn::core {
namespace {

constexpr const char* kLockFile = ".lock";

/// @returns what the holder wrote; it may not have come to that yet.
std::string read_holder(int descriptor) {
  std::array<char, 400> text{};
  const auto size = ::pread(descriptor, text.data(), text.size(), 0);
  std::string holder(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  holder.resize(std::min(holder.find('\n'), holder.size()));
  return holder.empty() ? "another process" : holder;
}

}  // namespace

LockState try_lock(int descriptor) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(descriptor, F_OFD_SETLK, &lock) == 0) return LockState::held;
  return errno == EAGAIN || errno == EACCES ? LockState::busy : LockState::unsupported;
}

void remove_dead_lock(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / kLockFile;
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return;
  if (try_lock(descriptor) == LockState::held && descriptor_id(descriptor) == file_id(file))
    ::unlink(file.c_str());
  ::close(descriptor);
}

std::string describe_process() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host.front() = '?';
  return "process " + std::to_string(::getpid()) + " on " + host.data() + " since " + utc_time();
}

FolderLock::FolderLock(std::filesystem::path folder)
    : folder_(std::move(folder)), file_(folder_ / kLockFile) {
  acquire();
}

FolderLock::~FolderLock() {
  // Removed before the lock ends: whoever opened it meanwhile sees that it is gone, and makes another.
  if (intact()) ::unlink(file_.c_str());
  close();
}

void FolderLock::close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

bool FolderLock::intact() const {
  const auto own = descriptor_id(descriptor_);
  return own && own == file_id(file_);
}

void FolderLock::acquire() {
  do {
    close();
    make_folders(folder_, ExitCode::data);
    descriptor_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (descriptor_ < 0) {
      throw Error(ExitCode::data, "cannot create '" + file_.string() + "': " + std::strerror(errno),
                  "choose a folder that you may write to");
    }
    state_ = try_lock(descriptor_);
    if (state_ == LockState::busy) {
      const std::string holder = read_holder(descriptor_);
      close();
      throw Error(ExitCode::usage, "'" + folder_.string() + "' is in use by " + holder,
                  "wait for it or end it, or choose another --output");
    }
  } while (!intact());  // Its former holder has removed the file.
  sign();
}

/// A full disk is reported by the files that matter.
void FolderLock::sign() const {
  const std::string text = describe_process() + "\n";
  if (::ftruncate(descriptor_, 0) == 0)
    static_cast<void>(::pwrite(descriptor_, text.data(), text.size(), 0) == 0);
}

void FolderLock::renew() {
  try {
    acquire();
  } catch (const Error& error) {
    if (error.code() != ExitCode::usage) throw;
    throw Error(ExitCode::data, std::string("the folder was removed during the run, and now ") + error.what(),
                "end one of them, and start again with --overwrite");
  }
}

}  // namespace svhn::core
