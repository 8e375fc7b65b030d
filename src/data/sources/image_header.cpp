#include "data/sources/image_header.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace svhn::data {
namespace {

using Size = std::optional<ImageSize>;

/// Bounds-checked bytes: after a read past the end, `result` returns nullopt.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] std::uint64_t big(std::size_t at, std::size_t size) { return number(at, size, true); }
  [[nodiscard]] std::uint64_t little(std::size_t at, std::size_t size) { return number(at, size, false); }
  [[nodiscard]] std::string_view text() const { return bytes_; }
  /// @returns the size; nullopt when a read was past the end.
  [[nodiscard]] Size result(std::uint64_t width, std::uint64_t height) const {
    if (failed_) return std::nullopt;
    return ImageSize{static_cast<std::int64_t>(width), static_cast<std::int64_t>(height)};
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

Size png(Cursor in) {
  return in.result(in.big(16, 4), in.big(20, 4));
}

Size sun_raster(Cursor in) {
  return in.result(in.big(4, 4), in.big(8, 4));
}

Size jpeg(Cursor in) {
  for (std::size_t at = 2; !in.failed();) {
    if (in.big(at, 1) != 0xFF) return std::nullopt;
    const std::uint64_t marker = in.big(at + 1, 1);
    const bool frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (frame) {
      // Decoders fill the missing part of a truncated file with grey. Entropy-coded data never
      // contains this marker.
      if (in.text().find("\xFF\xD9", at) == std::string_view::npos) return std::nullopt;
      return in.result(in.big(at + 7, 2), in.big(at + 5, 2));
    }
    at += marker == 0xFF ? 1 : 2 + in.big(at + 2, 2);
  }
  return std::nullopt;
}

Size bmp(Cursor in) {
  if (in.little(14, 4) == 12) return in.result(in.little(18, 2), in.little(20, 2));
  // A negative height means top-down rows.
  const auto height = static_cast<std::int32_t>(static_cast<std::uint32_t>(in.little(22, 4)));
  return in.result(in.little(18, 4), static_cast<std::uint64_t>(std::abs(static_cast<std::int64_t>(height))));
}

Size webp(Cursor in) {
  const std::string_view kind = in.text().substr(std::min<std::size_t>(12, in.text().size()), 4);
  if (kind == "VP8X") return in.result(in.little(24, 3) + 1, in.little(27, 3) + 1);
  if (kind == "VP8L") {
    const std::uint64_t bits = in.little(21, 4);
    return in.result((bits & 0x3FFFU) + 1, (bits >> 14U & 0x3FFFU) + 1);
  }
  if (kind == "VP8 ") return in.result(in.little(26, 2) & 0x3FFFU, in.little(28, 2) & 0x3FFFU);
  return std::nullopt;
}

Size tiff(Cursor in) {
  const bool big = in.text().starts_with("MM");
  const auto read = [&](std::size_t at, std::size_t size) {
    return big ? in.big(at, size) : in.little(at, size);
  };
  const std::size_t directory = read(4, 4);
  const std::size_t entries = read(directory, 2);
  std::uint64_t width = 0;
  std::uint64_t height = 0;
  for (std::size_t i = 0; i < entries && !in.failed(); ++i) {
    const std::size_t entry = directory + 2 + 12 * i;
    const std::uint64_t tag = read(entry, 2);
    const std::uint64_t value = read(entry + 8, read(entry + 2, 2) == 3 ? 2 : 4);  // Type 3 has 16 bits.
    if (tag == 256) width = value;
    if (tag == 257) height = value;
  }
  return in.result(width, height);
}

Size jpeg2000(Cursor in) {
  // The image header box is inside the third box, within the first few dozen bytes.
  const std::size_t box = in.text().substr(0, 256).find("ihdr");
  if (box == std::string_view::npos) return std::nullopt;
  return in.result(in.big(box + 8, 4), in.big(box + 4, 4));
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

Size of_numbers(const std::optional<std::uint64_t>& width, const std::optional<std::uint64_t>& height) {
  if (!width || !height) return std::nullopt;
  return ImageSize{static_cast<std::int64_t>(*width), static_cast<std::int64_t>(*height)};
}

Size portable_map(Cursor in) {
  std::string_view rest = in.text().substr(2);
  const auto width = take_number(rest);
  return of_numbers(width, take_number(rest));
}

Size pam(Cursor in) {
  return of_numbers(number_behind(in.text(), "\nWIDTH"), number_behind(in.text(), "\nHEIGHT"));
}

Size radiance(Cursor in) {
  return of_numbers(number_behind(in.text(), "+X"), number_behind(in.text(), "-Y"));
}

/// A picture format: its first bytes and the function that reads the size.
struct Kind {
  std::string_view magic;
  Size (*size)(Cursor in);
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

std::optional<ImageSize> image_size(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const Kind& kind : kKinds) {
    if (text.starts_with(kind.magic)) return kind.size(Cursor(text));
  }
  return std::nullopt;
}

}  // namespace svhn::data
