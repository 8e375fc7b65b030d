#include "data/images/picture.h"

#include <algorithm>
#include <array>
#include <limits>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "data/prepared.h"
#include "data/sources/image_header.h"

namespace svhn::data {
namespace {

constexpr std::int64_t kLargePixels = std::int64_t{1} << 24;
constexpr std::int64_t kMaxPixels = std::int64_t{1} << 28;
constexpr std::int64_t kMaxBytes = std::int64_t{1} << 29;

/// Why a picture cannot be read; caught within this file.
struct Unreadable {
  std::string reason{};
  bool foreign = false;
};

std::int64_t pixels_of(const ImageHeader& header) {
  return header.width > kMaxPixels / header.height ? kMaxPixels + 1 : header.width * header.height;
}

ImageHeader checked_header(std::span<const std::byte> bytes) {
  const auto header = read_image_header(bytes);
  if (!header) throw Unreadable{"no picture of a known kind, or one that was cut short", true};
  if (header->width < 1 || header->height < 1) throw Unreadable{"a picture without pixels"};
  const std::int64_t pixels = pixels_of(*header);
  const auto refuse = [&header](const char* limit) {
    throw Unreadable{std::to_string(header->width) + "x" + std::to_string(header->height) +
                     " pixels, more than the " + limit};
  };
  if (pixels > kMaxPixels) refuse("268 million that a picture may have");
  if (pixels > kLargePixels && pixels * header->bytes_per_pixel > kMaxBytes)
    refuse("512 MiB that a decoded picture may have");
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw Unreadable{"a file over 2 GB"};
  return *header;
}

cv::Mat decode(std::span<const std::byte> bytes, int flags) {
  const cv::Mat input(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<std::byte*>(bytes.data()));
  cv::Mat picture;
  try {
    picture = cv::imdecode(input, flags);
  } catch (const cv::Exception&) {
    picture.release();
  }
  if (picture.empty()) throw Unreadable{"its decoder refuses it"};
  return picture;
}

/// @returns the three colours, shrunk by 2, 4 or 8 where the picture is large and its decoder can do that.
cv::Mat decode_colours(std::span<const std::byte> bytes, const ImageHeader& header) {
  int flags = cv::IMREAD_COLOR | cv::IMREAD_ANYDEPTH;
  if (header.scalable) {
    const std::int64_t pixels = pixels_of(header);
    if (pixels > kLargePixels) flags = cv::IMREAD_REDUCED_COLOR_2;
    if (pixels > 4 * kLargePixels) flags = cv::IMREAD_REDUCED_COLOR_4;
    if (pixels > 16 * kLargePixels) flags = cv::IMREAD_REDUCED_COLOR_8;
  }
  cv::Mat picture = decode(bytes, flags);
  if (picture.channels() != 3) throw Unreadable{"its decoder refuses it"};
  return picture;
}

/// @returns the factor from this depth to 0..255.
double scale_to_bytes(int depth) {
  switch (depth) {
    case CV_8U:
      return 1.0;
    case CV_16U:
      return 1.0 / 257.0;
    case CV_32F:
      return 255.0;
    default:
      throw Unreadable{"pixels of an unusual type"};
  }
}

/// @returns blue, green, red and opacity of a picture that may have transparent pixels; as it is, if its
/// opacity was not read.
cv::Mat with_opacity(const cv::Mat& picture, const ImageHeader& header) {
  std::array<cv::Mat, 2> grey{picture, {}};
  if (picture.channels() == 2) {
    cv::split(picture, grey.data());
  } else if (picture.channels() == 1 && header.transparent_grey) {
    cv::compare(picture, cv::Scalar(*header.transparent_grey), grey[1],
                cv::CMP_NE);  // 255 where they differ.
    if (picture.depth() == CV_16U) grey[1].convertTo(grey[1], CV_16U, 257.0);
  } else {
    return picture;
  }
  cv::Mat all;
  cv::merge(std::vector<cv::Mat>{grey[0], grey[0], grey[0], grey[1]}, all);
  return all;
}

/// Sums over the pixels, weighted by their opacity.
struct Visible {
  double opacity = 0.0;     ///< Sum of the opacities, 0 to 1 each.
  double brightness = 0.0;  ///< Sum of the opacities times brightness, 0 to 1 each.
  bool opaque = true;       ///< Every pixel is.
};

template <typename T>
Visible look_at(const cv::Mat& all, double most, bool premultiplied) {
  Visible visible;
  for (int y = 0; y < all.rows; ++y) {
    const auto* row = all.ptr<cv::Vec<T, 4>>(y);
    for (int x = 0; x < all.cols; ++x) {
      const double opacity = row[x][3] / most;
      const double grey = (0.114 * row[x][0] + 0.587 * row[x][1] + 0.299 * row[x][2]) / most;
      visible.opacity += opacity;
      visible.brightness += premultiplied ? grey : opacity * grey;
      visible.opaque = visible.opaque && opacity >= 1.0;
    }
  }
  return visible;
}

/// Lays the colours on a plain ground, in place; the fourth channel stays.
template <typename T>
void lay_on(cv::Mat& all, double ground, double most, bool premultiplied) {
  for (int y = 0; y < all.rows; ++y) {
    auto* row = all.ptr<cv::Vec<T, 4>>(y);
    for (int x = 0; x < all.cols; ++x) {
      const double opacity = row[x][3] / most;
      for (int c = 0; c < 3; ++c) {
        const double colour = (premultiplied ? 1.0 : opacity) * row[x][c] + (1.0 - opacity) * ground;
        row[x][c] = cv::saturate_cast<T>(colour);
      }
    }
  }
}

/// @param all blue, green, red and opacity. @returns the ground that was chosen, and laid under the pixels
/// where it is white or black.
template <typename T>
Ground flatten(cv::Mat& all, double most, bool premultiplied) {
  const Visible visible = look_at<T>(all, most, premultiplied);
  if (visible.opaque) return Ground::none;
  if (visible.opacity == 0.0) return Ground::hidden;
  const bool dark = visible.brightness < 0.5 * visible.opacity;
  lay_on<T>(all, dark ? most : 0.0, most, premultiplied);
  return dark ? Ground::white : Ground::black;
}

Ground flatten(cv::Mat& all, bool premultiplied) {
  switch (all.depth()) {
    case CV_8U:
      return flatten<std::uint8_t>(all, 255.0, premultiplied);
    case CV_16U:
      return flatten<std::uint16_t>(all, 65535.0, premultiplied);
    case CV_32F:
      return flatten<float>(all, 1.0, premultiplied);
    default:
      throw Unreadable{"pixels of an unusual type"};
  }
}

/// Turns a picture as its Exif orientation says, which OpenCV does for pictures without opacity only.
void turn(cv::Mat& picture, int orientation) {
  if (orientation >= 5) cv::transpose(picture, picture);
  constexpr std::array<int, 9> kFlips{2, 2, 1, -1, 0, 2, 1, -1, 0};  // 2: none; else as `cv::flip` takes it.
  const int flip = kFlips.at(static_cast<std::size_t>(orientation));
  if (flip != 2) cv::flip(picture, picture, flip);
}

/// @returns the three colours of a picture whose opacity is not read.
cv::Mat decode_without_opacity(std::span<const std::byte> bytes, const ImageHeader& header) {
  cv::Mat picture = decode_colours(bytes, header);
  double low = 0.0;
  double high = 0.0;
  cv::minMaxLoc(picture.reshape(1), &low, &high);
  // As a black digit on a transparent ground is, whose shape is in the opacity alone.
  if (low == high) throw Unreadable{"one plain colour, whose transparency its decoder does not read"};
  return picture;
}

/// @param ground set to what is seen through the picture. @returns three colours.
cv::Mat decode_transparent(std::span<const std::byte> bytes, const ImageHeader& header, Ground& ground) {
  cv::Mat all = with_opacity(decode(bytes, cv::IMREAD_UNCHANGED), header);
  if (all.channels() != 4) {
    ground = Ground::unknown;
    return decode_without_opacity(bytes, header);
  }
  ground = flatten(all, header.premultiplied);
  cv::Mat picture;
  cv::cvtColor(all, picture, cv::COLOR_BGRA2BGR);
  turn(picture, header.orientation);
  return picture;
}

void fit(const cv::Mat& picture, ImageSides sides, std::span<std::uint8_t> pixels) {
  const ImageSides own{picture.rows, picture.cols};
  if (own == ImageSides{} && sides != own) {
    // As the rows of a prepared file, so that `predict` gives what `evaluate` gives.
    std::vector<std::uint8_t> digit(own.bytes());
    fit(picture, own, digit);
    return Resizer(own, sides)(digit, pixels);
  }
  const cv::Size size(static_cast<int>(sides.width), static_cast<int>(sides.height));
  const bool shrink = picture.cols >= size.width && picture.rows >= size.height;
  cv::Mat small;
  cv::resize(picture, small, size, 0, 0, shrink ? cv::INTER_AREA : cv::INTER_LINEAR);
  cv::Mat bytes;
  small.convertTo(bytes, CV_8U, scale_to_bytes(picture.depth()));
  cv::Mat target(size, CV_8UC3, pixels.data());
  cv::cvtColor(bytes, target, cv::COLOR_BGR2RGB);
}

/// Adds what the decoder has said.
void add_messages(PictureResult& result, const DecoderRemark& said) {
  const std::string line = core::printable(said.line);
  if (line.empty()) return;
  if (!result.problem.empty()) {
    result.problem += ": " + line;
  } else if (said.damaged) {
    result.problem = "decoded in part only: " + line;
  } else if (!line.starts_with("OpenCV TIFF: ")) {  // What libtiff says of tags, OpenCV itself hides.
    result.remark += (result.remark.empty() ? "" : "; ") + ("its decoder says: " + line);
  }
}

}  // namespace

PictureResult PictureReader::read(std::span<const std::byte> file, std::span<std::uint8_t> pixels) const {
  if (pixels.size() != sides_.bytes())
    throw core::Error(core::ExitCode::bug,
                      "a picture does not fit " + std::to_string(pixels.size()) + " bytes");
  const DecoderMessages::Recording recording(messages_);
  PictureResult result;
  try {
    const ImageHeader header = checked_header(file);
    const bool large = pixels_of(header) > kLargePixels;
    const auto lock = large ? std::unique_lock(large_) : std::unique_lock<std::mutex>();
    const cv::Mat picture =
        header.transparent ? decode_transparent(file, header, result.ground) : decode_colours(file, header);
    result.aspect_ratio = static_cast<double>(picture.cols) / picture.rows;
    fit(picture, sides_, pixels);
    if (header.pages) result.remark = "only the first of its pages is read";
  } catch (const Unreadable& problem) {
    result.problem = problem.reason;
    result.foreign = problem.foreign;
  } catch (const cv::Exception& error) {
    result.problem = "it cannot be resized: " + core::printable(error.err);
  }
  add_messages(result, judge_messages(recording.text()));
  return result;
}

PictureResult PictureReader::read(const std::filesystem::path& file, std::span<std::uint8_t> pixels) const {
  try {
    const core::MappedFile mapped(file, core::ExitCode::data);
    return read(mapped.bytes(), pixels);
  } catch (const core::Error& error) {
    PictureResult result;
    result.problem = error.what();
    return result;
  }
}

void fit_picture(const std::uint8_t* rgb, ImageSides own, std::size_t stride, ImageSides sides,
                 std::span<std::uint8_t> pixels) {
  try {
    const cv::Mat given(static_cast<int>(own.height), static_cast<int>(own.width), CV_8UC3,
                        const_cast<std::uint8_t*>(rgb), stride);
    cv::Mat picture;
    cv::cvtColor(given, picture, cv::COLOR_RGB2BGR);
    fit(picture, sides, pixels);
  } catch (const cv::Exception& error) {
    throw core::Error(core::ExitCode::data, "a picture cannot be resized: " + core::printable(error.err));
  }
}

std::string ground_text(Ground ground) {
  constexpr std::array<std::string_view, 5> kTexts{
      "", "transparent parts are laid on white", "transparent parts are laid on black",
      "every pixel is transparent, so the hidden colours are taken",
      "the transparency is not read, so the colours are taken"};
  return std::string(kTexts.at(static_cast<std::size_t>(ground)));
}

}  // namespace svhn::data
