#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

#include "formats/mat/container.h"

namespace svhn::formats::mat {
namespace {

constexpr std::size_t kWindow = 1U << 16U;

/// A zlib stream being inflated into small buffers.
class Inflater {
 public:
  Inflater(Bytes input, const std::string& where) : input_(input), where_(where) {
    if (::inflateInit(&stream_) != Z_OK) throw core::Error(core::ExitCode::bug, "zlib cannot start");
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { ::inflateEnd(&stream_); }

  /// Fills `out` as far as the stream goes. @returns how many bytes came; fewer than asked for only at its
  /// end.
  std::size_t read(std::span<std::byte> out) {
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    while (stream_.avail_out > 0 && !ended_) step();
    return out.size() - stream_.avail_out;
  }

 private:
  void step() {
    if (stream_.avail_in == 0) {
      const std::size_t piece = std::min<std::size_t>(input_.size(), std::numeric_limits<uInt>::max());
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input_.data()));
      stream_.avail_in = static_cast<uInt>(piece);
      input_ = input_.subspan(piece);
    }
    const int result = ::inflate(&stream_, Z_NO_FLUSH);
    ended_ = result == Z_STREAM_END;
    if (result != Z_OK && !ended_) {
      refuse(where_,
             result == Z_BUF_ERROR ? "compressed data that is cut short" : "compressed data that is damaged");
    }
  }

  Bytes input_;
  const std::string& where_;
  z_stream stream_{};
  bool ended_ = false;
};

}  // namespace

std::vector<std::byte> inflate_head(Bytes stream, const std::string& where) {
  std::vector<std::byte> head(kLongestHead);
  head.resize(Inflater(stream, where).read(head));
  return head;
}

void verify_stream(Bytes stream, std::size_t size, const std::string& where) {
  Inflater inflater(stream, where);
  std::array<std::byte, kWindow> window{};
  std::size_t total = 0;
  // Reading on until nothing comes makes zlib compare its checksum, which stands at the very end.
  for (std::size_t got = inflater.read(window); got > 0; got = inflater.read(window)) {
    total += got;
    if (total > size) refuse(where, "compressed data longer than its array");
  }
  if (total != size) refuse(where, "compressed data shorter than its array");
}

}  // namespace svhn::formats::mat
