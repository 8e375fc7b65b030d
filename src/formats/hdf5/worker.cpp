#include "formats/hdf5/scan.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iterator>
#include <string>

#include "core/file.h"

namespace svhn::formats {
namespace {

constexpr rlim_t kBaseMemory = rlim_t{1} << 30;
constexpr rlim_t kBaseSeconds = 3;
constexpr rlim_t kBytesPerSecond = 50'000'000;

class Packer {
 public:
  void number(std::uint64_t value) {
    for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(value >> 8 * i & 0xff));
  }
  void text(std::string_view value) {
    number(value.size());
    out.append(value);
  }

  std::string out;
};

class Unpacker {
 public:
  explicit Unpacker(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    const auto raw = take(8);
    for (std::size_t i = 0; i < raw.size(); ++i) value |= std::to_integer<std::uint64_t>(raw[i]) << 8 * i;
    return value;
  }
  std::string text() {
    const auto raw = take(number());
    return {reinterpret_cast<const char*>(raw.data()), raw.size()};
  }
  /// @returns the number of items that follow, each of at least 8 bytes.
  std::size_t count() {
    const std::uint64_t value = number();
    valid = valid && value <= bytes_.size() / 8;
    return valid ? value : 0;
  }
  std::span<const std::byte> take(std::uint64_t size) {
    valid = valid && size <= bytes_.size();
    if (!valid) return {};
    const auto taken = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return taken;
  }

  bool valid = true;

 private:
  std::span<const std::byte> bytes_;
};

void pack_entry(Packer& packer, const Hdf5Entry& entry) {
  packer.text(entry.dataset.path);
  packer.number(static_cast<std::uint64_t>(entry.dataset.dtype));
  packer.number(entry.dataset.shape.size());
  for (const std::int64_t size : entry.dataset.shape) packer.number(static_cast<std::uint64_t>(size));
  packer.text(entry.fault);
  packer.number(entry.in_file ? 1 : 0);
  packer.number(entry.offset);
}

/// Sets `elements` from the shape. @returns false when the product or a size is out of bounds.
bool count_elements(Hdf5Dataset& dataset) {
  dataset.elements = 1;
  for (const std::int64_t size : dataset.shape) {
    const auto length = static_cast<std::size_t>(size);
    if (size < 0 || (size > 0 && dataset.elements > SIZE_MAX / 16 / length)) return false;
    dataset.elements *= length;
  }
  return true;
}

Hdf5Entry unpack_entry(Unpacker& unpacker) {
  Hdf5Entry entry;
  entry.dataset.path = unpacker.text();
  const std::uint64_t dtype = unpacker.number();
  unpacker.valid = unpacker.valid && dtype <= static_cast<std::uint64_t>(DType::f64);
  if (unpacker.valid) entry.dataset.dtype = static_cast<DType>(dtype);
  const std::size_t rank = unpacker.count();
  for (std::size_t i = 0; i < rank; ++i)
    entry.dataset.shape.push_back(static_cast<std::int64_t>(unpacker.number()));
  unpacker.valid = unpacker.valid && count_elements(entry.dataset);
  entry.fault = unpacker.text();
  entry.in_file = unpacker.number() != 0;
  entry.offset = unpacker.number();
  return entry;
}

void unpack_texts(Unpacker& unpacker, Hdf5Index& index) {
  const std::size_t attributes = unpacker.count();
  for (std::size_t i = 0; i < attributes; ++i) {
    std::string group = unpacker.text(), name = unpacker.text();
    auto& texts = index.texts[{std::move(group), std::move(name)}];
    if (unpacker.number() == 0) continue;
    texts.emplace();
    const std::size_t size = unpacker.count();
    for (std::size_t j = 0; j < size; ++j) texts->push_back(unpacker.text());
  }
}

bool in_bounds(const Hdf5Entry& entry, std::size_t file_bytes, std::size_t blob_bytes) {
  if (!entry.fault.empty()) return true;
  const std::size_t available = entry.in_file ? file_bytes : blob_bytes;
  return entry.offset <= available &&
         entry.dataset.elements <= (available - entry.offset) / item_size(entry.dataset.dtype);
}

std::string pack(const Hdf5Index& index) {
  Packer packer;
  packer.text(index.fault);
  packer.text(index.hint);
  packer.number(index.entries.size());
  for (const Hdf5Entry& entry : index.entries) pack_entry(packer, entry);
  packer.number(index.groups.size());
  for (const std::string& group : index.groups) packer.text(group);
  packer.number(index.texts.size());
  for (const auto& [key, texts] : index.texts) {
    packer.text(key.first);
    packer.text(key.second);
    packer.number(texts ? 1 : 0);
    if (!texts) continue;
    packer.number(texts->size());
    for (const std::string& text : *texts) packer.text(text);
  }
  packer.text({reinterpret_cast<const char*>(index.blob.data()), index.blob.size()});
  return packer.out;
}

/// Trusts nothing in `bytes`: every entry without a fault has its bytes inside the file or the blob.
/// @returns nullopt when `bytes` is not the result of `pack` for a valid index.
std::optional<Hdf5Index> unpack(std::span<const std::byte> bytes, std::size_t file_bytes) {
  Unpacker unpacker(bytes);
  Hdf5Index index;
  index.fault = unpacker.text();
  index.hint = unpacker.text();
  const std::size_t entries = unpacker.count();
  for (std::size_t i = 0; i < entries && unpacker.valid; ++i) index.entries.push_back(unpack_entry(unpacker));
  const std::size_t groups = unpacker.count();
  for (std::size_t i = 0; i < groups && unpacker.valid; ++i) index.groups.insert(unpacker.text());
  unpack_texts(unpacker, index);
  const auto blob = unpacker.take(unpacker.number());
  index.blob.assign(blob.begin(), blob.end());
  const bool valid = unpacker.valid &&
                     std::all_of(index.entries.begin(), index.entries.end(),
                                 [&](const auto& e) { return in_bounds(e, file_bytes, index.blob.size()); });
  return valid ? std::optional(std::move(index)) : std::nullopt;
}

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

/// @returns the address space in use, bytes; the child inherits its parent's.
rlim_t used_address_space() {
  long pages = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  const int found = std::fscanf(file, "%ld", &pages);
  std::fclose(file);
  return found == 1 ? static_cast<rlim_t>(pages) * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

void limit(int resource, rlim_t maximum) {
  rlimit current{};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &current) != 0) return;
  current.rlim_cur = std::min(maximum, current.rlim_max);
  ::setrlimit(static_cast<__rlimit_resource>(resource), &current);
}

/// Limits memory and CPU time, disables output, core dumps and the program's signal handlers.
void restrict_process(std::size_t file_bytes) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU}) std::signal(signal, SIG_DFL);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, kBaseSeconds + file_bytes / kBytesPerSecond);
  if (const rlim_t used = used_address_space(); used > 0)
    limit(RLIMIT_AS, used + kBaseMemory + 160 * rlim_t{file_bytes});
  const int null_device = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) ::dup2(null_device, stream);
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

/// Scans the file and exits without the parent's clean-up (exit handlers, buffered output).
[[noreturn]] void run_child(const Hdf5Input& input, int result) {
  restrict_process(input.bytes.size());
  bool written = false;
  try {
    written = write_all(result, pack(scan_hdf5(input)));
  } catch (const std::exception&) {
    written = false;  // Out of memory; the parent reports a damaged file.
  }
  ::_exit(written ? 0 : 1);
}

bool succeeded(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

std::optional<Hdf5Index> scan_hdf5_in_child(const Hdf5Input& input) {
  const Descriptor result(::memfd_create("svhn-hdf5", MFD_CLOEXEC));
  if (result.get() < 0) return std::nullopt;
  const pid_t child = ::fork();
  if (child < 0) return std::nullopt;
  if (child == 0) run_child(input, result.get());
  if (!succeeded(child)) return std::nullopt;
  const core::MappedFile output("/proc/self/fd/" + std::to_string(result.get()), core::ExitCode::bug);
  return unpack(output.bytes(), input.bytes.size());
}

}  // namespace svhn::formats
