#include "cli/engine/line_reader.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/signals.h"

namespace svhn::cli {
namespace {

constexpr std::size_t kLongestLine = std::size_t{1} << 20, kLongestPicture = std::size_t{1} << 30;
constexpr std::size_t kBlock = std::size_t{1} << 16;
constexpr int kWaitMilliseconds = 200;  // So that a signal that comes just before the wait is seen, too.

[[noreturn]] void refuse(const std::string& why) {
  throw core::Error(core::ExitCode::data, "cannot read the standard input: " + why,
                    "give a picture, or one name or JSON object a line");
}

/// @param wait until there is something, the end or a signal. @returns whether a read would not block.
bool is_readable(int descriptor, bool wait) {
  do {
    pollfd asked{descriptor, POLLIN, 0};
    const int ready = ::poll(&asked, 1, wait ? kWaitMilliseconds : 0);
    if (ready > 0) return true;
  } while (wait && core::stop_signal() == 0);
  return false;
}

}  // namespace

/// @returns whether something was read.
bool LineReader::read_more(bool wait) {
  if (ended_ || !is_readable(descriptor_, wait)) return false;
  std::array<char, kBlock> block;  // NOLINT(cppcoreguidelines-pro-type-member-init): read fills it
  const ssize_t got = ::read(descriptor_, block.data(), block.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (got < 0)
    refuse(std::strerror(errno));  // NOLINT(concurrency-mt-unsafe): glibc's is safe for known numbers
  ended_ = got == 0;
  buffer_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  buffer_.append(block.data(), static_cast<std::size_t>(got));
  return got > 0;
}

bool LineReader::has_line() {
  scanned_ = std::min(buffer_.find('\n', scanned_), buffer_.size());
  if (scanned_ - begin_ > kLongestLine) refuse("a line is longer than 1 MiB");
  return scanned_ < buffer_.size() || (ended_ && begin_ < buffer_.size());
}

std::string LineReader::take_line() {
  std::string line = buffer_.substr(begin_, scanned_ - begin_);
  begin_ = scanned_ = std::min(scanned_ + 1, buffer_.size());
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

std::string_view LineReader::peek() {
  while (buffer_.find('\n') == std::string::npos && buffer_.size() < kBlock && read_more(true)) {
  }
  return buffer_;
}

std::string_view LineReader::all() {
  while (read_more(true)) {
    if (buffer_.size() > kLongestPicture) refuse("a picture is larger than 1 GiB");
  }
  return std::string_view(buffer_).substr(begin_);
}

std::vector<std::string> LineReader::take(std::size_t most) {
  std::vector<std::string> lines;
  while (lines.size() < most) {
    if (has_line()) {
      lines.push_back(take_line());
    } else if (!read_more(lines.empty()) && !has_line()) {
      break;
    }
  }
  return lines;
}

}  // namespace svhn::cli
