#include "data/images/picture.h"

#include <limits>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/file.h"
#include "data/prepared.h"
#include "data/sources/image_header.h"

namespace svhn::data {
namespace {

constexpr std::int64_t kMaxPixels = std::int64_t{1} << 24;

/// Why a picture cannot be read; caught within this file.
struct Unreadable {
  std::string reason;
};

void check_size(std::span<const std::byte> bytes) {
  const auto size = image_size(bytes);
  if (!size) throw Unreadable{"no picture of a known kind, or one that was cut short"};
  if (size->width < 1 || size->height < 1) throw Unreadable{"a picture without pixels"};
  if (size->width > kMaxPixels / size->height) {
    throw Unreadable{std::to_string(size->width) + "x" + std::to_string(size->height) +
                     " pixels, more than the 16 million that a digit may have"};
  }
}

cv::Mat decode(std::span<const std::byte> bytes) {
  check_size(bytes);
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw Unreadable{"a file over 2 GB"};
  const cv::Mat input(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<std::byte*>(bytes.data()));
  cv::Mat picture;
  try {
    picture = cv::imdecode(input, cv::IMREAD_COLOR | cv::IMREAD_ANYDEPTH);
  } catch (const cv::Exception&) {
    throw Unreadable{"its decoder refuses it"};
  }
  if (picture.empty() || picture.channels() != 3) throw Unreadable{"its decoder refuses it"};
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

void fit(const cv::Mat& picture, std::uint8_t* pixels) {
  const cv::Size size(static_cast<int>(kSide), static_cast<int>(kSide));
  const bool shrink = picture.cols >= size.width && picture.rows >= size.height;
  cv::Mat small;
  cv::resize(picture, small, size, 0, 0, shrink ? cv::INTER_AREA : cv::INTER_LINEAR);
  cv::Mat bytes;
  small.convertTo(bytes, CV_8U, scale_to_bytes(picture.depth()));
  cv::Mat target(size, CV_8UC3, pixels);
  cv::cvtColor(bytes, target, cv::COLOR_BGR2RGB);
}

}  // namespace

std::string read_picture(const std::filesystem::path& file, std::span<std::uint8_t> pixels) {
  try {
    const core::MappedFile mapped(file, core::ExitCode::data);
    fit(decode(mapped.bytes()), pixels.data());
    return {};
  } catch (const Unreadable& problem) {
    return problem.reason;
  } catch (const core::Error& error) {
    return error.what();
  }
}

}  // namespace svhn::data
