#include "tune/search_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "core/error.h"
#include "core/file.h"
#include "core/lock.h"

namespace svhn::tune {
namespace {

using core::Error;
using core::ExitCode;

constexpr std::size_t kMaxSignature = 1000;

[[noreturn]] void fail(const char* action, const std::filesystem::path& path, const char* hint) {
  throw Error(ExitCode::data,
              std::string("cannot ") + action + " '" + path.string() + "': " + std::strerror(errno), hint);
}

struct flock byte_lock(short type, std::int64_t byte) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(byte);
  lock.l_len = 1;
  return lock;
}

}  // namespace

SearchLock::SearchLock(const std::filesystem::path& path, Need need) : path_(path), need_(need) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);  // open() reports a failure.
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail("write", path, "choose another --output");
}

SearchLock::~SearchLock() {
  ::close(descriptor_);
}

bool SearchLock::try_lock(std::int64_t byte) {
  struct flock lock = byte_lock(F_WRLCK, byte);
  if (::fcntl(descriptor_, F_OFD_SETLK, &lock) == 0) return true;
  if (errno == EAGAIN || errno == EACCES) return false;
  effective_ = false;
  if (need_ == Need::best_effort) return true;
  fail("lock", path_,
       "several processes need an --output on a file system with locks (NFS: without 'nolock')");
}

void SearchLock::unlock(std::int64_t byte) {
  struct flock lock = byte_lock(F_UNLCK, byte);
  ::fcntl(descriptor_, F_OFD_SETLK, &lock);
}

void SearchLock::sign(const std::string& text) {
  const auto written = ::pwrite(descriptor_, text.data(), text.size(), 0);
  if (written == static_cast<ssize_t>(text.size()) &&
      ::ftruncate(descriptor_, static_cast<off_t>(text.size())) == 0) {
    return;
  }
  fail("write", path_, "free some space or choose another --output");
}

std::string read_signature(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return {};
  return core::read_text_file(path, ExitCode::data, kMaxSignature);
}

std::string make_signature() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return core::describe_process() + "\n" +
         std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()) + "\n";
}

}  // namespace svhn::tune
