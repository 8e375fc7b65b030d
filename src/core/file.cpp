#include "core/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/input_guard.h"
#include "core/lock.h"
#include "core/mappings.h"
#include "core/pipe.h"

namespace svhn::core {
namespace {

namespace fs = std::filesystem;

/// Suffix of a temporary file; mkostemps replaces the X.
constexpr std::string_view kTemporaryEnding = ".XXXXXX.tmp";
constexpr std::string_view kSuffix = ".tmp";

/// @returns whether a file name has the ending of a temporary file: six letters and digits, but no word or
/// number such as "backup", "Backup" or "202401".
bool is_temporary(std::string_view name) {
  if (name.size() <= kTemporaryEnding.size() || !name.ends_with(kSuffix)) return false;
  const std::string_view ending = name.substr(name.size() - kTemporaryEnding.size());
  const std::string_view drawn = ending.substr(1, ending.size() - 1 - kSuffix.size());
  const auto all = [](std::string_view text, int (*kind)(int)) {
    return std::all_of(text.begin(), text.end(),
                       [kind](char c) { return kind(static_cast<unsigned char>(c)) != 0; });
  };
  const bool word =
      all(drawn.substr(1), std::islower) || all(drawn, std::isupper) || all(drawn, std::isdigit);
  return ending.front() == '.' && all(drawn, std::isalnum) && !word;
}

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

/// @returns the hint for an error of the system; `otherwise` where it has none of its own.
const char* system_hint(int error, const char* otherwise) {
  switch (error) {
    case ENOENT:
      return "check the path";
    case ENOSPC:
      return "free some space on the disk";
    case EFBIG:
      return "raise the limit on the size of files (ulimit -f)";
    case EMFILE:
    case ENFILE:
      return "raise the limit on open files (ulimit -n)";
    default:
      return otherwise;
  }
}

[[noreturn]] void refuse_read(const fs::path& path, ExitCode code, int error) {
  const char* hint = system_hint(error, "check the file's permissions");
  throw Error(code, "cannot read '" + path.string() + "': " + reason(error), hint);
}

/// A file that is open for reading; of a pipe, a file in memory with its bytes.
struct ReadableFile {
  int descriptor = -1;
  std::size_t size = 0;
};

struct stat status_of(int descriptor, const fs::path& path, ExitCode code) {
  struct stat status {};
  if (descriptor < 0 || ::fstat(descriptor, &status) != 0) refuse_read(path, code, errno);
  return status;
}

/// @param opened the file at `path`.
ReadableFile readable(const fs::path& path, ExitCode code, const Descriptor& opened) {
  const struct stat status = status_of(opened.value, path, code);
  if (S_ISFIFO(status.st_mode) && is_allowed_pipe(opened.value)) {
    const int copy = file_of_pipe(opened.value, path, code);
    return {copy, static_cast<std::size_t>(status_of(copy, path, code).st_size)};
  }
  if (!S_ISREG(status.st_mode)) {
    throw Error(code, "'" + path.string() + "' is not a regular file", "name a file, not a folder or device");
  }
  add_input(path, {status.st_dev, status.st_ino});
  return {opened.value, static_cast<std::size_t>(status.st_size)};
}

/// Removes a temporary file unless its owner lives.
void remove_if_left(const fs::path& temporary) {
  const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.value >= 0 && try_lock(file.value) == LockState::held) ::unlink(temporary.c_str());
}

}  // namespace

MappedFile::MappedFile(const fs::path& path, ExitCode code) : path_(path) {
  // O_NONBLOCK: a pipe without a writer is waited for where a signal ends the wait.
  const Descriptor opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  const ReadableFile file = readable(path, code, opened);
  size_ = file.size;
  if (size_ == 0) return;
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.descriptor, 0);
  if (address == MAP_FAILED) refuse_read(path, code, errno);
  data_ = static_cast<const std::byte*>(address);
  add_mapping(bytes(), path_, file.descriptor);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

MappedFile::~MappedFile() {
  if (data_ == nullptr) return;
  remove_mapping(data_);
  ::munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::release(std::size_t offset, std::size_t length) const {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t begin = (offset + page - 1) / page * page;
  const std::size_t end = std::min(offset + length, size_) / page * page;
  if (begin < end) ::madvise(const_cast<std::byte*>(data_) + begin, end - begin, MADV_DONTNEED);
}

void refuse_stream(const fs::path& path) {
  if (!is_stream(path)) return;
  throw Error(ExitCode::usage, "cannot write '" + path.string() + "': it is a device or a pipe, not a file",
              "name a file; only text goes to a device or a pipe");
}

AtomicFile::AtomicFile(fs::path path, ExitCode code, Content content)
    : path_(std::move(path)), target_(final_path(path_)), code_(code) {
  check_outputs({&path_, 1});
  if (is_stream(path_)) {
    open_stream(content);
    return;
  }
  make_folders(target_.parent_path(), code_);
  std::error_code error;
  if (fs::is_directory(target_, error)) {
    throw Error(code_, "cannot write '" + path_.string() + "': it is a folder", "name a file");
  }
  if (fs::is_symlink(fs::symlink_status(target_, error))) {
    errno = ELOOP;
    fail("create");
  }
  remove_temporaries(target_.parent_path(), [this](const fs::path& other) { return other == target_; });
  open_temporary();
}

/// An open descriptor keeps its position, so that what the program prints comes behind it.
void AtomicFile::open_stream(Content content) {
  if (content == Content::binary) refuse_stream(path_);
  const auto number = named_descriptor(path_);
  descriptor_ =
      number ? ::fcntl(*number, F_DUPFD_CLOEXEC, 0) : ::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor_ < 0) fail("write");
}

void AtomicFile::open_temporary() {
  while (true) {
    std::string name = target_.string() + std::string(kTemporaryEnding);
    descriptor_ = ::mkostemps(name.data(), static_cast<int>(kSuffix.size()), O_CLOEXEC);
    if (descriptor_ < 0) fail("create");
    temporary_ = name;
    // A process that removes leftovers may have found it before it was locked.
    std::error_code error;
    if (is_temporary(name) && try_lock(descriptor_) != LockState::busy && fs::exists(temporary_, error))
      break;
    ::unlink(temporary_.c_str());
    ::close(std::exchange(descriptor_, -1));
  }
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
  const char* hint = system_hint(error, "choose a folder that you may write to");
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
  check_mappings();
  if (temporary_.empty()) {
    if (::close(std::exchange(descriptor_, -1)) != 0) fail("write");
    return;
  }
  if (::fsync(descriptor_) != 0) fail("write");
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail("create");
  temporary_.clear();
  // The lock ends here; before, the temporary file might have been taken for a leftover.
  if (::close(std::exchange(descriptor_, -1)) != 0) fail("write");
  const fs::path folder = target_.has_parent_path() ? target_.parent_path() : fs::path(".");
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.value >= 0) ::fsync(directory.value);
}

void write_text_file(const fs::path& path, std::string_view text, ExitCode code) {
  AtomicFile file(path, code, Content::text);
  file.write(text);
  file.commit();
}

std::string read_text_file(const fs::path& path, ExitCode code, std::size_t max_bytes) {
  // Read, not mapped: others may write such a file at this moment, such as a lock with its holder's name.
  const Descriptor opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  const ReadableFile file = readable(path, code, opened);
  if (file.size > max_bytes) {
    throw Error(code,
                "'" + path.string() + "' has " + std::to_string(file.size) + " bytes, more than the " +
                    std::to_string(max_bytes) + " that such a file may have",
                "check that this is the right file");
  }
  std::string text(file.size, '\0');
  std::size_t done = 0;
  while (done < file.size) {
    const ssize_t got =
        ::pread(file.descriptor, text.data() + done, file.size - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse_read(path, code, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  text.resize(done);
  return text;
}

void remove_temporaries(const fs::path& folder, const std::function<bool(const fs::path& target)>& ours) {
  std::error_code error;
  fs::directory_iterator entry(folder.empty() ? "." : folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!is_temporary(name)) continue;
    const fs::path target = folder / name.substr(0, name.size() - kTemporaryEnding.size());
    if (ours(target)) remove_if_left(entry->path());
  }
}

}  // namespace svhn::core
