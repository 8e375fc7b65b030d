#include "data/sources/image_header.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace svhn::data {
namespace {

using Header = std::optional<ImageHeader>;

/// Bounds-checked bytes: after a read past the end, `result` returns nullopt.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] std::uint64_t big(std::size_t at, std::size_t size) { return number(at, size, true); }
  [[nodiscard]] std::uint64_t little(std::size_t at, std::size_t size) { return number(at, size, false); }
  [[nodiscard]] std::string_view text() const { return bytes_; }
  /// @returns the header; nullopt when a read was past the end.
  [[nodiscard]] Header result(std::uint64_t width, std::uint64_t height, ImageHeader header = {}) const {
    if (failed_) return std::nullopt;
    header.width = static_cast<std::int64_t>(width);
    header.height = static_cast<std::int64_t>(height);
    return header;
  }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  std::uint64_t number(std::size_t at, std::size_t size, bool big_endian) {
    if (at > bytes_.size() || size > bytes_.size() - at) {
      failed_ = true;
      return 0;
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t index = big_endian ? at + i : at + size - 1 - i;
      value = value << 8U | static_cast<unsigned char>(bytes_[index]);
    }
    return value;
  }

  std::string_view bytes_;
  bool failed_ = false;
};

/// @returns bytes of a decoded pixel: four channels where one may be the opacity.
int pixel_bytes(bool transparent, std::uint64_t bits_per_sample) {
  const int sample = bits_per_sample <= 8 ? 1 : bits_per_sample <= 16 ? 2 : bits_per_sample <= 32 ? 4 : 8;
  return (transparent ? 4 : 3) * sample;
}

/// The first directory of TIFF data.
class TiffDirectory {
 public:
  explicit TiffDirectory(std::string_view bytes) : in_(bytes), big_(bytes.starts_with("MM")) {
    directory_ = read(4, 4);
    entries_ = read(directory_, 2);
  }

  /// @returns the first value of a tag, if it is there and a number of 16 or 32 bits.
  std::optional<std::uint64_t> find(std::uint64_t tag) {
    for (std::size_t i = 0; i < entries_ && !in_.failed(); ++i) {
      const std::size_t entry = directory_ + 2 + 12 * i;
      if (read(entry, 2) != tag) continue;
      const std::size_t size = read(entry + 2, 2) == 3 ? 2 : 4;  // Type 3 has 16 bits.
      // Values that do not fit into the entry's four bytes are elsewhere.
      const bool inside = read(entry + 4, 4) <= 4 / size;
      return read(inside ? entry + 8 : read(entry + 8, 4), size);
    }
    return std::nullopt;
  }
  /// @returns whether another directory follows.
  [[nodiscard]] bool has_next() const {
    Cursor behind(in_);  // A file may end before that number.
    const std::size_t place = directory_ + 2 + 12 * entries_;
    return (big_ ? behind.big(place, 4) : behind.little(place, 4)) != 0;
  }
  [[nodiscard]] const Cursor& in() const { return in_; }

 private:
  std::uint64_t read(std::size_t at, std::size_t size) {
    return big_ ? in_.big(at, size) : in_.little(at, size);
  }

  Cursor in_;
  bool big_;
  std::size_t directory_ = 0;
  std::size_t entries_ = 0;
};

constexpr std::uint64_t kOrientationTag = 274;

/// The content of a PNG's tRNS chunk for grey pixels, as the decoder expands it.
int decoded_grey(std::uint64_t grey, std::uint64_t depth) {
  return static_cast<int>(depth < 8 ? grey * 255 / ((1U << depth) - 1) : grey);
}

Header png(Cursor in) {
  const std::uint64_t depth = in.big(24, 1);
  const std::uint64_t colour = in.big(25, 1);
  ImageHeader header;
  header.transparent = colour == 4 || colour == 6;
  for (std::size_t at = 8; !in.failed();) {
    const std::size_t length = in.big(at, 4);
    const std::string_view kind = in.text().substr(std::min(at + 4, in.text().size()), 4);
    (void)in.big(at + 8 + length, 4);  // The checksum behind the chunk: it is whole.
    if (in.failed()) break;
    if (kind == "IEND") {
      header.bytes_per_pixel = pixel_bytes(header.transparent, depth);
      return in.result(in.big(16, 4), in.big(20, 4), header);
    }
    if (kind == "tRNS") {
      header.transparent = true;
      if (colour == 0 && length >= 2) header.transparent_grey = decoded_grey(in.big(at + 8, 2), depth);
    }
    if (kind == "eXIf") {
      const auto found = TiffDirectory(in.text().substr(at + 8, length)).find(kOrientationTag);
      if (found && *found >= 1 && *found <= 8) header.orientation = static_cast<int>(*found);
    }
    at += 12 + length;
  }
  return std::nullopt;
}

Header sun_raster(Cursor in) {
  const auto width = in.big(4, 4);
  return in.result(width, in.big(8, 4));
}

/// Walks over the segments of a JPEG to its end marker, as libjpeg does.
class JpegWalk {
 public:
  explicit JpegWalk(std::string_view text) : in_(text) {}

  Header read() {
    for (std::size_t at = 2;;) {
      const std::size_t found = next_marker(at);
      if (found == std::string_view::npos) return std::nullopt;
      const std::uint64_t marker = in_.big(found, 1);
      if (marker == 0xD9) break;
      if (is_frame(marker) && width_ == 0) read_frame(found);
      if (marker == 0xDA) scans_separately_ = scans_separately_ || in_.big(found + 3, 1) < components_;
      const bool alone = marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8);
      at = found + 1 + (alone ? 0 : in_.big(found + 1, 2));
      if (in_.failed()) return std::nullopt;
    }
    ImageHeader header;
    header.scalable = true;
    // All coefficients are kept, 16 bits each, until the last scan has been read.
    header.bytes_per_pixel = progressive_ || scans_separately_ ? coefficient_bytes_ : 0;
    return in_.result(width_, height_, header);
  }

 private:
  static bool is_frame(std::uint64_t marker) {
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
  }

  /// @returns the place of the code of the next marker; npos: there is none. Coded data has no markers but
  /// those of restarts, since 0xFF is followed by 0 in it.
  [[nodiscard]] std::size_t next_marker(std::size_t at) const {
    const std::string_view text = in_.text();
    for (at = text.find('\xFF', at); at != std::string_view::npos; at = text.find('\xFF', at)) {
      at = text.find_first_not_of('\xFF', at);
      if (at == std::string_view::npos) break;
      const auto code = static_cast<unsigned char>(text[at]);
      if (code != 0 && (code < 0xD0 || code > 0xD7)) return at;
    }
    return std::string_view::npos;
  }

  void read_frame(std::size_t marker) {
    progressive_ = in_.big(marker, 1) % 4 == 2;
    height_ = in_.big(marker + 4, 2);
    width_ = in_.big(marker + 6, 2);
    components_ = in_.big(marker + 8, 1);
    std::uint64_t widest = 1;
    std::uint64_t samples = 0;
    for (std::size_t i = 0; i < components_; ++i) {
      const std::uint64_t factors = in_.big(marker + 10 + 3 * i, 1);
      samples += (factors >> 4U) * (factors & 15U);
      widest = std::max(widest, (factors >> 4U) * (factors & 15U));
    }
    coefficient_bytes_ = static_cast<int>((2 * samples + widest - 1) / widest);
  }

  Cursor in_;
  std::uint64_t width_ = 0;
  std::uint64_t height_ = 0;
  std::uint64_t components_ = 0;
  int coefficient_bytes_ = 0;
  bool progressive_ = false;
  bool scans_separately_ = false;
};

Header jpeg(Cursor in) {
  return JpegWalk(in.text()).read();
}

Header bmp(Cursor in) {
  const std::uint64_t size = in.little(14, 4);
  if (size == 12) {
    const auto width = in.little(18, 2);
    return in.result(width, in.little(20, 2));
  }
  // A negative height means top-down rows.
  const auto height = static_cast<std::int32_t>(static_cast<std::uint32_t>(in.little(22, 4)));
  ImageHeader header;
  // Without a mask, the fourth byte of a pixel means nothing.
  header.transparent = size >= 56 && in.little(28, 2) == 32 && in.little(30, 4) == 3 && in.little(66, 4) != 0;
  header.bytes_per_pixel = pixel_bytes(true, 8);
  const auto width = in.little(18, 4);
  return in.result(width, static_cast<std::uint64_t>(std::abs(static_cast<std::int64_t>(height))), header);
}

Header webp(Cursor in) {
  const std::string_view kind = in.text().substr(std::min<std::size_t>(12, in.text().size()), 4);
  ImageHeader header;
  header.bytes_per_pixel = pixel_bytes(true, 8);
  if (kind == "VP8X") {
    header.transparent = (in.little(20, 1) & 0x10U) != 0;
    const auto width = in.little(24, 3) + 1;
    return in.result(width, in.little(27, 3) + 1, header);
  }
  if (kind == "VP8L") {
    const std::uint64_t bits = in.little(21, 4);
    header.transparent = (bits >> 28U & 1U) != 0;
    return in.result((bits & 0x3FFFU) + 1, (bits >> 14U & 0x3FFFU) + 1, header);
  }
  if (kind == "VP8 ") {
    const auto width = in.little(26, 2) & 0x3FFFU;
    return in.result(width, in.little(28, 2) & 0x3FFFU, header);
  }
  return std::nullopt;
}

Header tiff(Cursor in) {
  constexpr std::uint64_t kWidth = 256, kHeight = 257, kBits = 258, kPhotometric = 262, kSamples = 277,
                          kExtraSamples = 338, kCmyk = 5, kAssociated = 1, kUnassociated = 2;
  TiffDirectory directory(in.text());
  const std::uint64_t width = directory.find(kWidth).value_or(0);
  const std::uint64_t height = directory.find(kHeight).value_or(0);
  const std::uint64_t samples = directory.find(kSamples).value_or(1);
  const std::uint64_t bits = directory.find(kBits).value_or(1);
  const auto extra = directory.find(kExtraSamples);
  ImageHeader header;
  header.transparent =
      extra || samples == 2 || (samples == 4 && directory.find(kPhotometric).value_or(0) != kCmyk);
  // libtiff multiplies unassociated samples of 8 bits itself. Those without a meaning are not multiplied, as
  // OpenCV writes them.
  header.premultiplied = extra && (*extra == kAssociated || (*extra == kUnassociated && bits <= 8));
  header.bytes_per_pixel = pixel_bytes(true, bits);
  header.pages = directory.has_next();
  return directory.in().result(width, height, header);
}

Header jpeg2000(Cursor in) {
  // The image header box is inside the third box, within the first few dozen bytes.
  const std::size_t box = in.text().substr(0, 256).find("ihdr");
  if (box == std::string_view::npos) return std::nullopt;
  const std::uint64_t components = in.big(box + 12, 2);
  ImageHeader header;
  header.transparent = components == 2 || components == 4;
  // Its decoder keeps every component in 32 bits.
  header.bytes_per_pixel = pixel_bytes(true, 32) + pixel_bytes(true, (in.big(box + 14, 1) & 0x7FU) + 1);
  const auto height = in.big(box + 4, 4);
  return in.result(in.big(box + 8, 4), height, header);
}

/// Removes the next number from a text header, skipping blanks and comments.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    if (!text.starts_with('#')) break;
    text.remove_prefix(std::min(text.find('\n'), text.size()));
  }
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

/// @returns the number behind a word of a text header.
std::optional<std::uint64_t> number_behind(std::string_view text, std::string_view word) {
  const std::size_t at = text.substr(0, 4096).find(word);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + word.size());
  return take_number(text);
}

Header of_numbers(const std::optional<std::uint64_t>& width, const std::optional<std::uint64_t>& height,
                  ImageHeader header) {
  if (!width || !height) return std::nullopt;
  return Cursor("").result(*width, *height, header);
}

Header portable_map(Cursor in) {
  std::string_view rest = in.text().substr(2);
  const auto width = take_number(rest);
  const auto height = take_number(rest);
  const char kind = in.text()[1];
  const bool bitmap = kind == '1' || kind == '4';
  ImageHeader header;
  // The third number is the largest value; PFM has floating-point numbers.
  const std::uint64_t most = bitmap ? 1 : take_number(rest).value_or(1);
  header.bytes_per_pixel = pixel_bytes(false, kind == 'F' || kind == 'f' ? 32 : most > 255 ? 16 : 8);
  return of_numbers(width, height, header);
}

Header pam(Cursor in) {
  const std::uint64_t depth = number_behind(in.text(), "\nDEPTH").value_or(0);
  if (depth == 4) return std::nullopt;  // OpenCV swaps the colours, or leaves memory as it was.
  ImageHeader header;
  header.transparent = depth == 2;
  header.bytes_per_pixel = pixel_bytes(true, 16);
  return of_numbers(number_behind(in.text(), "\nWIDTH"), number_behind(in.text(), "\nHEIGHT"), header);
}

Header radiance(Cursor in) {
  ImageHeader header;
  header.bytes_per_pixel = pixel_bytes(false, 32);
  return of_numbers(number_behind(in.text(), "+X"), number_behind(in.text(), "-Y"), header);
}

/// A picture format: its first bytes and the function that reads the rest.
struct Kind {
  std::string_view magic;
  Header (*read)(Cursor in);
};

constexpr std::array<Kind, 18> kKinds{{
    {"\x89PNG\r\n\x1A\n", png},
    {"\xFF\xD8\xFF", jpeg},
    {"BM", bmp},
    {"RIFF", webp},
    {{"II*\0", 4}, tiff},
    {{"MM\0*", 4}, tiff},
    {{"\0\0\0\x0CjP  ", 8}, jpeg2000},
    {"\x59\xA6\x6A\x95", sun_raster},
    {"#?", radiance},
    {"P1", portable_map},
    {"P2", portable_map},
    {"P3", portable_map},
    {"P4", portable_map},
    {"P5", portable_map},
    {"P6", portable_map},
    {"P7", pam},
    {"PF", portable_map},
    {"Pf", portable_map},
}};

}  // namespace

std::optional<ImageHeader> read_image_header(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const Kind& kind : kKinds) {
    if (text.starts_with(kind.magic)) return kind.read(Cursor(text));
  }
  return std::nullopt;
}

}  // namespace svhn::data
