#include "svhn/data/image_folder.h"

#include <algorithm>
#include <limits>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <system_error>
#include <utility>

#include "svhn/core/error.h"
#include "svhn/core/file.h"
#include "svhn/data/image_header.h"
#include "svhn/data/parallel.h"
#include "svhn/data/prepared.h"

namespace svhn::data {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostPixels = std::int64_t{1} << 24;

/// Why one picture cannot be read; never leaves this file.
struct Unreadable {
  std::string reason;
};

[[noreturn]] void refuse_folder(const fs::path& folder, const std::string& what, std::string hint) {
  throw core::Error(core::ExitCode::data, "'" + folder.string() + "' " + what, std::move(hint));
}

void check_size(std::span<const std::byte> bytes) {
  const auto size = image_size(bytes);
  if (!size) throw Unreadable{"no picture of a known kind, or one that was cut short"};
  if (size->width < 1 || size->height < 1) throw Unreadable{"a picture without pixels"};
  if (size->width > kMostPixels / size->height) {
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

/// @returns why the file could not be read, or nothing.
std::string read_picture(const fs::path& file, std::uint8_t* pixels) {
  try {
    const core::MappedFile mapped(file, core::ExitCode::data);
    fit(decode(mapped.bytes()), pixels);
    return {};
  } catch (const Unreadable& problem) {
    return problem.reason;
  } catch (const core::Error& error) {
    return error.what();
  }
}

std::vector<std::string> list_digit(const fs::path& folder, const std::string& digit) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder / digit, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    if (!name.starts_with('.') && !it->is_directory(ignored)) names.push_back(digit + "/" + name);
  }
  if (error) refuse_folder(folder / digit, "cannot be listed: " + error.message(), "check its permissions");
  std::sort(names.begin(), names.end());
  return names;
}

/// Keeps the rows that were read, in order, and lists the others.
RawDigits collect(const std::vector<std::string>& names, std::vector<std::uint8_t>&& images,
                  const std::vector<std::string>& problems) {
  RawDigits digits;
  digits.images = std::move(images);
  auto target = digits.images.begin();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!problems[i].empty()) {
      digits.unreadable.push_back(names[i] + ": " + problems[i]);
      continue;
    }
    const auto source = digits.images.begin() + static_cast<std::ptrdiff_t>(i) * kImageBytes;
    if (source != target) std::copy_n(source, kImageBytes, target);
    target += kImageBytes;
    digits.labels.push_back(names[i].front() - '0');
  }
  digits.images.erase(target, digits.images.end());
  return digits;
}

}  // namespace

std::vector<std::string> list_image_folder(const fs::path& folder) {
  std::vector<std::string> names;
  int found = 0;
  for (int digit = 0; digit <= 9; ++digit) {
    std::error_code error;
    if (!fs::is_directory(folder / std::to_string(digit), error)) continue;
    ++found;
    const auto more = list_digit(folder, std::to_string(digit));
    names.insert(names.end(), more.begin(), more.end());
  }
  if (found == 0) {
    refuse_folder(folder, "has none of the folders 0 to 9",
                  "put the pictures of each digit into a folder of its name");
  }
  return names;
}

RawDigits read_image_folder(const fs::path& folder, bool strict, unsigned threads) {
  const std::vector<std::string> names = list_image_folder(folder);
  std::vector<std::uint8_t> images(names.size() * static_cast<std::size_t>(kImageBytes));
  std::vector<std::string> problems(names.size());
  parallel_for(static_cast<std::int64_t>(names.size()), threads, [&](std::int64_t i) {
    const auto row = static_cast<std::size_t>(i);
    problems[row] = read_picture(folder / names[row], images.data() + i * kImageBytes);
  });
  RawDigits digits = collect(names, std::move(images), problems);
  if (strict && !digits.unreadable.empty()) {
    refuse_folder(folder, "holds an unreadable picture: " + digits.unreadable.front(),
                  "remove it, or leave out --strict");
  }
  if (digits.labels.empty()) {
    const std::string example = digits.unreadable.empty() ? "" : ": " + digits.unreadable.front();
    refuse_folder(folder, "holds no readable picture" + example,
                  "see the documentation for the kinds of pictures");
  }
  return digits;
}

}  // namespace svhn::data
