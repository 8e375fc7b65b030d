#pragma once
/// Reads a picture file of any size as the RGB pixels of a digit.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <span>
#include <string>

#include "data/images/decoder_messages.h"
#include "data/resize.h"

namespace svhn::data {

/// What is seen through transparent pixels.
enum class Ground : std::uint8_t {
  none,     ///< Every pixel is opaque.
  white,    ///< Its visible pixels are dark.
  black,    ///< Its visible pixels are bright.
  hidden,   ///< Every pixel is fully transparent, so the hidden colours are taken.
  unknown,  ///< OpenCV does not read the opacity (TIFF of grey and opacity), so the colours are taken.
};

/// What became of a picture.
struct PictureResult {
  std::string problem{};  ///< Why it could not be read, one line; "" on success.
  std::string remark{};   ///< What is to be said about it although it was read, one line; mostly "".
  Ground ground = Ground::none;
  /// Width by height of a picture that was read, as one sees it.
  double aspect_ratio = 1.0;
  /// Its bytes begin like no picture of a known kind.
  bool foreign = false;
};

/// @returns what was done with transparent pixels: "transparent parts are laid on white".
/// @param ground not `none`.
std::string ground_text(Ground ground);

/// Reads pictures of any format that OpenCV decodes: resized (by area when shrinking, linear when enlarging;
/// one of 32x32 pixels gives the bytes that a row of a prepared file gives), grey expanded to RGB, 16 bits
/// scaled to 8, transparent parts laid on white or black, whichever contrasts more with the visible ones.
/// What decoders write on stderr is part of the result; pictures that they decode in part only are refused.
///
/// Above 2^24 pixels, a JPEG is shrunk by 2, 4 or 8 while it is decoded, and other pictures are decoded one
/// at a time; above 2^28 pixels or 512 MiB of decoded pixels, none is.
///
/// `read` may be called by several threads. One object at a time, see `DecoderMessages`.
class PictureReader {
 public:
  /// @param sides of the pixels that are wanted.
  explicit PictureReader(ImageSides sides = {}) : sides_(sides) {}

  [[nodiscard]] ImageSides sides() const { return sides_; }
  /// @param pixels u8 [H,W,3] of the size `sides`, filled when the picture could be read.
  PictureResult read(std::span<const std::byte> file, std::span<std::uint8_t> pixels) const;
  PictureResult read(const std::filesystem::path& file, std::span<std::uint8_t> pixels) const;

 private:
  ImageSides sides_;
  DecoderMessages messages_;
  mutable std::mutex large_;
};

/// Resizes a decoded picture as PictureReader does.
/// @param rgb u8 [H,W,3] of the size `own`, from one row to the next `stride` bytes; each side at least 1.
/// @param pixels u8 [H,W,3] of the size `sides`, filled.
/// @throws core::Error(data) when OpenCV cannot resize it.
void fit_picture(const std::uint8_t* rgb, ImageSides own, std::size_t stride, ImageSides sides,
                 std::span<std::uint8_t> pixels);

}  // namespace svhn::data
