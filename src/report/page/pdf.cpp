#include "report/page/pdf.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/signals.h"

namespace svhn::report {
namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ExitCode;

constexpr std::array kNames = {"chromium", "chromium-browser", "google-chrome"};
constexpr std::chrono::milliseconds kPoll{10}, kGrace{2000};
constexpr std::size_t kMostMessages = std::size_t{1} << 20;

[[noreturn]] void fail(const std::string& problem) {
  throw Error(ExitCode::device, "the page could not be printed: " + problem,
              "open the page in a browser and print it there");
}

bool is_program(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

/// @returns a program's path; empty when no folder of PATH has it.
fs::path in_path(const char* name) {
  std::string_view folders = variable("PATH");
  while (!folders.empty()) {
    const std::size_t end = std::min(folders.find(':'), folders.size());
    fs::path path = fs::path(folders.substr(0, end)) / name;
    if (end > 0 && is_program(path)) return path;
    folders.remove_prefix(std::min(end + 1, folders.size()));
  }
  return {};
}

/// A folder for one browser; removed with its content.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::error_code error;
    std::string name = (fs::temp_directory_path(error) / "svhn-print-XXXXXX").string();
    if (error || ::mkdtemp(name.data()) == nullptr) fail("there is no temporary folder");
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    constexpr int kTries = 50;  // The browser's helpers may still write when it has ended.
    std::error_code error;
    for (int i = 0; i < kTries; ++i) {
      fs::remove_all(path_, error);
      if (!error) return;
      std::this_thread::sleep_for(kPoll);
    }
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// @see RFC 8089
std::string file_url(const fs::path& path) {
  constexpr std::string_view kPlain = "/-._~", kHex = "0123456789ABCDEF";
  std::string url = "file://";
  for (const char c : fs::absolute(path).string()) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x80 && std::isalnum(byte) != 0) || kPlain.find(c) != std::string_view::npos) {
      url += c;
    } else {
      url += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return url;
}

std::vector<std::string> arguments_for(const fs::path& browser, const fs::path& folder, const fs::path& page,
                                       const fs::path& pdf) {
  std::vector<std::string> list{browser.string(),
                                "--headless",
                                "--disable-gpu",
                                "--disable-dev-shm-usage",
                                "--disable-extensions",
                                "--disable-background-networking",
                                "--disable-sync",
                                "--disable-breakpad",
                                "--no-first-run",
                                "--no-default-browser-check",
                                "--no-pdf-header-footer",
                                "--print-to-pdf-no-header",
                                "--user-data-dir=" + (folder / "profile").string(),
                                "--print-to-pdf=" + fs::absolute(pdf).string()};
  // Chromium refuses to run as root with its sandbox.
  if (::geteuid() == 0) list.emplace_back("--no-sandbox");
  list.push_back(file_url(page));
  return list;
}

/// The environment, with the folders of the user's settings moved into `folder`.
std::vector<std::string> environment_in(const fs::path& folder) {
  constexpr std::array kMoved = {"HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"};
  std::vector<std::string> list;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const bool moved = std::any_of(kMoved.begin(), kMoved.end(), [&](std::string_view name) {
      return text.starts_with(name) && text.substr(name.size()).starts_with('=');
    });
    if (!moved) list.emplace_back(text);
  }
  for (const char* name : kMoved) list.push_back(std::string(name) + "=" + folder.string());
  return list;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  list.reserve(texts.size() + 1);
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

/// In the new process: only functions that are safe after fork.
[[noreturn]] void become(char* const* arguments, char* const* environment, const char* messages,
                         pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // The parent died before the line above.
  // A group of its own: all of its processes are ended together, and Ctrl-C reaches only svhn.
  ::setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const int told = ::open(messages, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(nothing, STDOUT_FILENO);
  ::dup2(told < 0 ? nothing : told, STDERR_FILENO);
  ::execve(arguments[0], arguments, environment);
  ::_exit(127);
}

/// A browser and its helpers; they end with the object.
class Browser {
 public:
  Browser(std::vector<std::string> arguments, std::vector<std::string> environment,
          const fs::path& messages) {
    const auto argv = pointers(arguments), envp = pointers(environment);
    const pid_t parent = ::getpid();
    child_ = ::fork();
    if (child_ == 0) become(argv.data(), envp.data(), messages.c_str(), parent);
    if (child_ < 0) fail(std::strerror(errno));  // NOLINT(concurrency-mt-unsafe)
    ::setpgid(child_, child_);                   // Whichever of the two processes comes first.
  }
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;
  ~Browser() {
    if (running()) {
      ::kill(-child_, SIGTERM);
      const auto deadline = core::Clock::now() + kGrace;
      while (running() && core::Clock::now() < deadline) std::this_thread::sleep_for(kPoll);
    }
    ::kill(-child_, SIGKILL);
    if (!ended_) ::waitpid(child_, nullptr, 0);
  }

  bool running() {
    if (ended_) return false;
    const pid_t found = ::waitpid(child_, &status_, WNOHANG);
    ended_ = found == child_ || (found < 0 && errno != EINTR);
    return !ended_;
  }
  [[nodiscard]] bool succeeded() const { return ended_ && WIFEXITED(status_) && WEXITSTATUS(status_) == 0; }

 private:
  pid_t child_ = -1;
  int status_ = -1;
  bool ended_ = false;
};

/// The browser's last message, as a reason.
std::string reason(const fs::path& messages) {
  std::error_code error;
  if (!fs::exists(messages, error)) return "the browser ended";
  const std::string text = core::read_text_file(messages, ExitCode::device, kMostMessages);
  const std::size_t end = text.find_last_not_of(" \r\n");
  if (end == std::string::npos) return "the browser ended";
  const std::size_t before = text.find_last_of('\n', end);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  return "the browser says " + core::printable(text.substr(begin, end + 1 - begin), 200);
}

bool is_pdf(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) == 0) return false;
  const core::MappedFile file(path, ExitCode::device);
  constexpr std::string_view kMark = "%PDF-";
  const auto bytes = file.bytes();
  return bytes.size() > kMark.size() && std::memcmp(bytes.data(), kMark.data(), kMark.size()) == 0;
}

fs::path find_browser() {
  if (fs::path named = variable("SVHN_CHROMIUM"); !named.empty()) {
    if (is_program(named)) return named;
    throw Error(ExitCode::usage, "SVHN_CHROMIUM names '" + named.string() + "', which is no program",
                "unset it, or name the program");
  }
  for (const char* name : kNames) {
    if (fs::path path = in_path(name); !path.empty()) return path;
  }
  throw Error(ExitCode::usage, "a PDF needs Chromium, which is not installed",
              "install chromium (or google-chrome), or open the page in a browser and print it there");
}

/// Lets the browser write `printed`.
void run_browser(const fs::path& browser, const fs::path& folder, const fs::path& page,
                 const fs::path& printed, std::chrono::seconds limit) {
  const fs::path messages = folder / "messages";
  Browser process(arguments_for(browser, folder, page, printed), environment_in(folder), messages);
  const auto deadline = core::Clock::now() + limit;
  while (process.running()) {
    if (const int signal = core::stop_signal(); signal != 0) {
      throw core::Interrupted(signal, "stopped: the page is written, the PDF is not");
    }
    if (core::Clock::now() > deadline) {
      fail("the browser took longer than " + std::to_string(limit.count()) + " s");
    }
    std::this_thread::sleep_for(kPoll);
  }
  if (!process.succeeded() || !is_pdf(printed)) fail(reason(messages));
}

}  // namespace

PagePrinter::PagePrinter(const fs::path& pdf) : browser_(find_browser()), pdf_(pdf, ExitCode::data) {}

void PagePrinter::print(const fs::path& page, std::chrono::seconds limit) {
  const TemporaryFolder folder;
  const fs::path printed = folder.path() / "page.pdf";
  run_browser(browser_, folder.path(), page, printed, limit);
  const core::MappedFile made(printed, ExitCode::device);
  pdf_.write(made.bytes());
  pdf_.commit();
}

}  // namespace svhn::report
