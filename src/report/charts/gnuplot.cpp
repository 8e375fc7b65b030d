#include "report/charts/gnuplot.h"

#include <fcntl.h>
#include <gnuplot-iostream.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <thread>

#include "core/clock.h"

namespace svhn::report {
namespace {

constexpr std::size_t kMaxOutput = std::size_t{64} << 20;
constexpr std::size_t kMaxMessages = std::size_t{64} << 10;
constexpr std::size_t kMaxMessage = 200;

ChartResult failed(const std::string& message) {
  return {ChartStatus::failed, message};
}

std::string reason(int error) {
  return std::strerror(error);  // NOLINT(concurrency-mt-unsafe): glibc's is safe for known error numbers
}

/// A file without a name in memory (memfd); it is freed with its last descriptor.
class MemoryFile {
 public:
  MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile();

  /// @returns the descriptor, close-on-exec; -1 when the system refused the file.
  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// @returns a new stream onto the file, which the caller closes; nullptr when the system refuses.
  [[nodiscard]] std::FILE* stream() const;
  /// Moves the descriptor to the beginning.
  void rewind() const;
  /// @returns the first `limit` bytes of the content at most.
  [[nodiscard]] std::string read(std::size_t limit) const;

 private:
  int descriptor_ = -1;
};

MemoryFile::MemoryFile() {
  const int created = ::memfd_create("svhn", MFD_CLOEXEC);
  if (created < 0) return;
  // Above the standard streams: if one of those is closed, dup2 in the child would overwrite this descriptor.
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

bool write_script(const MemoryFile& file, const std::string& terminal, const Chart& chart) {
  std::FILE* stream = file.stream();
  if (stream == nullptr) return false;
  gnuplotio::Gnuplot script(stream);  // closes the stream
  script << terminal << chart.commands;
  for (const Rows& rows : chart.data) script.send1d(rows);
  script.flush();
  return script.good();
}

/// Gnuplot's last line is the error; the lines before it show the faulty command.
std::string last_line(const std::string& messages) {
  const std::size_t end = messages.find_last_not_of(" \r\n\t");
  if (end == std::string::npos) return "it gave no reason";
  const std::size_t before = messages.find_last_of('\n', end);
  std::string line = messages.substr(before == std::string::npos ? 0 : before + 1, end + 1);
  line.resize(std::min(line.find('\n'), std::min(line.size(), kMaxMessage)));
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  line.erase(0, line.find_first_not_of(' '));
  return line;
}

/// The two objects of posix_spawn, destroyed on scope exit.
class Launch {
 public:
  Launch() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
  }
  Launch(const Launch&) = delete;
  Launch& operator=(const Launch&) = delete;
  ~Launch() {
    ::posix_spawnattr_destroy(&attributes_);
    ::posix_spawn_file_actions_destroy(&actions_);
  }

  void redirect(int stream, const MemoryFile& file) {
    ::posix_spawn_file_actions_adddup2(&actions_, file.descriptor(), stream);
  }

  /// @returns 0 or the error number.
  int start(const std::string& program, pid_t& child) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    // A process group of its own: Ctrl-C must reach only the training, which stops its chart jobs itself.
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    std::string name = program, defaults = "-d";
    char* const arguments[] = {name.data(), defaults.data(), nullptr};
    return ::posix_spawnp(&child, program.c_str(), &actions_, &attributes_, arguments, environ);
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

struct GnuplotRun::Impl {
  MemoryFile script, picture, messages;
  std::string program;
  pid_t child = -1;
  ChartResult result;

  void start(const std::string& terminal, const Chart& chart) {
    if (std::min({script.descriptor(), picture.descriptor(), messages.descriptor()}) < 0 ||
        !write_script(script, terminal, chart)) {
      result = failed("the chart's script could not be written: " + reason(errno));
      return;
    }
    script.rewind();
    Launch launch;
    launch.redirect(STDIN_FILENO, script);
    launch.redirect(STDOUT_FILENO, picture);
    launch.redirect(STDERR_FILENO, messages);
    const int error = launch.start(program, child);
    if (error == 0) return;
    child = -1;
    result = error == ENOENT
                 ? ChartResult{ChartStatus::no_gnuplot, "no chart: '" + program + "' is not installed"}
                 : failed("'" + program + "' cannot be started: " + reason(error));
  }

  void conclude(int status) {
    child = -1;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      result = {ChartStatus::drawn, ""};
    } else if (WIFSIGNALED(status)) {
      result = failed("'" + program + "' was ended by signal " + std::to_string(WTERMSIG(status)));
    } else {
      result = failed("'" + program + "' failed: " + last_line(messages.read(kMaxMessages)));
    }
  }

  void kill() {
    ::kill(child, SIGKILL);
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    child = -1;
  }
};

GnuplotRun::GnuplotRun(const std::string& terminal, const Chart& chart, const std::string& program)
    : impl_(std::make_unique<Impl>()) {
  impl_->program = program;
  impl_->start(terminal, chart);
}

GnuplotRun::~GnuplotRun() {
  if (impl_->child >= 0) impl_->kill();
}

bool GnuplotRun::running() {
  if (impl_->child < 0) return false;
  int status = 0;
  const pid_t ended = ::waitpid(impl_->child, &status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return true;
  if (ended > 0) {
    impl_->conclude(status);
  } else {
    impl_->child = -1;
    impl_->result = failed("how '" + impl_->program + "' ended is not known: " + reason(errno));
  }
  return false;
}

void GnuplotRun::lower_priority() {
  constexpr int kLast = 19;
  if (impl_->child >= 0) ::setpriority(PRIO_PROCESS, static_cast<id_t>(impl_->child), kLast);
}

ChartResult GnuplotRun::wait(std::chrono::milliseconds limit) {
  const auto deadline = core::Clock::now() + limit;
  while (running()) {
    if (core::Clock::now() >= deadline) {
      impl_->kill();
      impl_->result = failed("'" + impl_->program + "' took longer than " + std::to_string(limit.count()) +
                             " ms and was stopped");
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return impl_->result;
}

std::string GnuplotRun::output() const {
  return impl_->picture.read(kMaxOutput);
}

}  // namespace svhn::report
