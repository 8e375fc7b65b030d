#include "core/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace svhn::core {
namespace {

namespace fs = std::filesystem;

/// Suffix of a temporary file; mkostemps replaces the X.
constexpr std::string_view kTemporaryEnding = ".XXXXXX.tmp";

std::string reason(int error) {
  return std::strerror(error);  // NOLINT(concurrency-mt-unsafe): glibc's is safe for known error numbers
}

/// Closes on scope exit; the mapping outlives its descriptor.
struct Descriptor {
  int value;
  explicit Descriptor(int fd) : value(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

[[noreturn]] void refuse_read(const fs::path& path, ExitCode code, int error) {
  const char* hint = error == ENOENT ? "check the path" : "check the file's permissions";
  throw Error(code, "cannot read '" + path.string() + "': " + reason(error), hint);
}

std::size_t open_regular(const fs::path& path, ExitCode code, const Descriptor& file) {
  if (file.value < 0) refuse_read(path, code, errno);
  struct stat status {};
  if (::fstat(file.value, &status) != 0) refuse_read(path, code, errno);
  if (!S_ISREG(status.st_mode)) {
    throw Error(code, "'" + path.string() + "' is not a regular file", "name a file, not a folder or device");
  }
  return static_cast<std::size_t>(status.st_size);
}

void make_parent(const fs::path& path, ExitCode code) {
  const fs::path folder = path.parent_path();
  if (folder.empty()) return;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw Error(code, "cannot create the folder '" + folder.string() + "': " + error.message(),
                "choose a folder that you may write to");
  }
}

}  // namespace

MappedFile::MappedFile(const fs::path& path, ExitCode code) : path_(path) {
  // O_NONBLOCK: opening a pipe by mistake must not hang before the type check.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  size_ = open_regular(path, code, file);
  if (size_ == 0) return;
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.value, 0);
  if (address == MAP_FAILED) refuse_read(path, code, errno);
  data_ = static_cast<const std::byte*>(address);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::release(std::size_t offset, std::size_t length) const {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t begin = (offset + page - 1) / page * page;
  const std::size_t end = std::min(offset + length, size_) / page * page;
  if (begin < end) ::madvise(const_cast<std::byte*>(data_) + begin, end - begin, MADV_DONTNEED);
}

AtomicFile::AtomicFile(fs::path path, ExitCode code) : path_(std::move(path)), code_(code) {
  make_parent(path_, code_);
  std::error_code error;
  if (fs::is_directory(path_, error)) {
    throw Error(code_, "cannot write '" + path_.string() + "': it is a folder", "name a file");
  }
  std::string name = path_.string() + std::string(kTemporaryEnding);
  descriptor_ = ::mkostemps(name.data(), 4, O_CLOEXEC);
  if (descriptor_ < 0) fail("create");
  temporary_ = name;
  // mkostemps makes the file private; a user expects the usual permissions.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  ::fchmod(descriptor_, 0666U & ~mask);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::fail(const char* action) const {
  const int error = errno;
  const char* hint =
      error == ENOSPC ? "free some space on the disk" : "choose a folder that you may write to";
  throw Error(code_, std::string("cannot ") + action + " '" + path_.string() + "': " + reason(error), hint);
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void AtomicFile::write(std::string_view text) {
  write(std::as_bytes(std::span(text.data(), text.size())));
}

void AtomicFile::commit() {
  if (::fsync(descriptor_) != 0) fail("write");
  const int closed = ::close(std::exchange(descriptor_, -1));
  if (closed != 0) fail("write");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail("create");
  temporary_.clear();
  const fs::path folder = path_.has_parent_path() ? path_.parent_path() : fs::path(".");
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.value >= 0) ::fsync(directory.value);
}

void write_text_file(const fs::path& path, std::string_view text, ExitCode code) {
  AtomicFile file(path, code);
  file.write(text);
  file.commit();
}

std::string read_text_file(const fs::path& path, ExitCode code, std::size_t max_bytes) {
  const MappedFile file(path, code);
  const auto bytes = file.bytes();
  if (bytes.size() > max_bytes) {
    throw Error(code,
                "'" + path.string() + "' has " + std::to_string(bytes.size()) + " bytes, more than the " +
                    std::to_string(max_bytes) + " that such a file may have",
                "check that this is the right file");
  }
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void remove_temporaries(const fs::path& folder, const std::function<bool(const fs::path& target)>& ours) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".tmp") || name.size() <= kTemporaryEnding.size()) continue;
    const fs::path target = folder / name.substr(0, name.size() - kTemporaryEnding.size());
    if (ours(target)) fs::remove(entry.path(), error);
  }
}

}  // namespace svhn::core
