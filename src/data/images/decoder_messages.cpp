#include "data/images/decoder_messages.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <opencv2/core/utils/logger.hpp>
#include <streambuf>
#include <string_view>
#include <system_error>

namespace svhn::data {
namespace {

constexpr std::size_t kMaxText = 4096;

/// The text that keeps what this thread writes; nullptr: nothing is kept.
thread_local std::string* recorded = nullptr;

void record(std::string_view text) {
  recorded->append(text.substr(0, kMaxText - std::min(kMaxText, recorded->size())));
}

/// fopencookie's write function; the cookie is the stream that was replaced.
ssize_t write_stream(void* cookie, const char* bytes, std::size_t size) {
  if (recorded != nullptr) {
    record({bytes, size});
    return static_cast<ssize_t>(size);
  }
  return static_cast<ssize_t>(std::fwrite(bytes, 1, size, static_cast<std::FILE*>(cookie)));
}

/// A buffer without a buffer, in the place of another one.
class RecordingBuffer : public std::streambuf {
 public:
  explicit RecordingBuffer(std::ostream& stream) : stream_(stream), original_(stream.rdbuf(this)) {}
  RecordingBuffer(const RecordingBuffer&) = delete;
  RecordingBuffer& operator=(const RecordingBuffer&) = delete;
  ~RecordingBuffer() override { stream_.rdbuf(original_); }

 protected:
  std::streamsize xsputn(const char* bytes, std::streamsize size) override {
    if (recorded == nullptr) return original_->sputn(bytes, size);
    record({bytes, static_cast<std::size_t>(size)});
    return size;
  }
  int overflow(int byte) override {
    const auto one = static_cast<char>(byte);
    return byte == traits_type::eof() || xsputn(&one, 1) == 1 ? traits_type::not_eof(byte)
                                                              : traits_type::eof();
  }
  int sync() override { return recorded == nullptr ? original_->pubsync() : 0; }

 private:
  std::ostream& stream_;
  std::streambuf* original_;
};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Lines of OpenCV that are for its own developers.
bool is_chatter(std::string_view line) {
  return line.empty() || line.starts_with("[DEBUG:") || line.starts_with("[ INFO:") ||
         line.starts_with("[VERB");
}

/// @returns whether the line tells of pixels that are lost or made up.
bool tells_damage(std::string_view line) {
  if (line.starts_with("Corrupt JPEG data")) {
    // Behind the last pixel, or of the colour profile.
    return !line.ends_with("before marker 0xd9") && !contains(line, "ICC");
  }
  if (line.starts_with("OpenCV TIFF: ")) {
    // Of tags, mostly those that libtiff does not know.
    return !contains(line, "TIFFReadDirectory") && !contains(line, "TIFFFetch") &&
           !contains(line, "TIFFReadCustomDirectory");
  }
  if (line.starts_with("libpng warning: IDAT")) return !contains(line, "xtra") && !contains(line, "oo much");
  constexpr std::array<std::string_view, 4> kBeginnings{"Premature end of JPEG", "Inconsistent progression",
                                                        "libpng error", "[ERROR:"};
  return std::any_of(kBeginnings.begin(), kBeginnings.end(),
                     [line](std::string_view beginning) { return line.starts_with(beginning); });
}

/// Removes what OpenCV writes before and behind a message: time, source file, line, function.
std::string_view message_of(std::string_view line) {
  if (line.starts_with('[') && contains(line, "] global ")) {
    const std::size_t place = line.find(") ");
    const std::size_t function = place == std::string_view::npos ? place : line.find(' ', place + 2);
    if (function != std::string_view::npos) line.remove_prefix(function + 1);
  }
  const std::size_t error = line.find(" error: (");
  if (error != std::string_view::npos && contains(line, "OpenCV(")) {
    const std::size_t end = line.find(") ", error);
    if (end != std::string_view::npos) line.remove_prefix(end + 2);
    line = line.substr(0, line.rfind(" in function '"));
  }
  return line.substr(0, line.find_last_not_of(" \r") + 1);
}

}  // namespace

struct DecoderMessages::Streams {
  Streams() {
    if (file == nullptr) throw std::system_error(errno, std::generic_category(), "fopencookie");
    std::setvbuf(file, nullptr, _IONBF, 0);
    stderr = file;
  }
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;
  ~Streams() {
    stderr = original;
    std::fclose(file);
    cv::utils::logging::setLogLevel(level);
  }

  std::FILE* original = stderr;
  std::FILE* file = ::fopencookie(
      original, "w", {.read = nullptr, .write = write_stream, .seek = nullptr, .close = nullptr});
  RecordingBuffer errors{std::cerr};
  RecordingBuffer logs{std::clog};
  RecordingBuffer output{std::cout};
  // Below this level OpenCV drops libtiff's reports of strips that it could decode in part only.
  cv::utils::logging::LogLevel level =
      cv::utils::logging::setLogLevel(cv::utils::logging::LogLevel::LOG_LEVEL_DEBUG);
};

DecoderMessages::DecoderMessages() : streams_(std::make_unique<Streams>()) {}
DecoderMessages::~DecoderMessages() = default;

DecoderMessages::Recording::Recording(const DecoderMessages& /*messages*/) {
  recorded = &text_;
}

DecoderMessages::Recording::~Recording() {
  recorded = nullptr;
}

DecoderRemark judge_messages(const std::string& text) {
  DecoderRemark remark;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (is_chatter(line)) continue;
    const bool damage = tells_damage(line);
    if (remark.line.empty() || (damage && !remark.damaged)) remark.line = message_of(line);
    remark.damaged = remark.damaged || damage;
  }
  return remark;
}

}  // namespace svhn::data
