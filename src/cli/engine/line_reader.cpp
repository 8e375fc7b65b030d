#include "cli/engine/line_reader.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>

#include "core/error.h"
#include "core/signals.h"
#include "data/sources/image_header.h"

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

/// @returns whether a line is the beginning of a picture: of a binary format, or of a portable map.
bool is_picture(std::string_view line) {
  const auto binary = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r' && c != '\0';
  };
  if (line.starts_with("\x89PNG") || line.starts_with("\xFF\xD8") || line.starts_with("#?RADIANCE"))
    return true;
  if (line.starts_with('\0') || std::any_of(line.begin(), line.end(), binary)) return true;
  // The length that follows these may hold a line end.
  if (line.starts_with("BM") || line.starts_with("RIFF")) return line.size() < 8;
  return line.size() >= 2 && line[0] == 'P' &&
         std::string_view("1234567Ff").find(line[1]) != std::string_view::npos &&
         line.substr(2).find_first_not_of("0123456789 \t\r") == std::string_view::npos;
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
  scanned_ = std::min(buffer_.find(end_, scanned_), buffer_.size());
  if (scanned_ - begin_ > kLongestLine) refuse("a line is longer than 1 MiB");
  return scanned_ < buffer_.size() || (ended_ && begin_ < buffer_.size());
}

std::string LineReader::take_line() {
  std::string line = buffer_.substr(begin_, scanned_ - begin_);
  begin_ = scanned_ = std::min(scanned_ + 1, buffer_.size());
  if (end_ == '\n' && line.ends_with('\r')) line.pop_back();
  return line;
}

bool LineReader::begins_picture() {
  constexpr std::string_view kEnds("\n\0", 2);
  while (buffer_.find_first_of(kEnds) == std::string::npos && buffer_.size() < kBlock && read_more(true)) {
  }
  const std::string_view head = buffer_;
  if (data::read_image_header(std::as_bytes(std::span(head)))) return true;
  if (is_picture(head.substr(0, head.find('\n')))) return true;
  const std::size_t first = head.find_first_of(kEnds);
  if (first != std::string_view::npos) end_ = head[first];
  return false;
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
