#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "core/error.h"
#include "data/corrupt/changes.h"
#include "data/corrupt/picture.h"

namespace svhn::data {
namespace {

struct Elastic {
  double strength;  ///< Of the local shifts, pixels.
  double sigma;     ///< Their smoothness.
  double corners;   ///< Largest shift of the corners of the affine change.
};

constexpr double kElasticSide = kPixels;
constexpr std::array<Elastic, kSeverities> kElastic{
    {{0, 0, kElasticSide * 0.08},
     {kElasticSide * 0.05, kElasticSide * 0.2, kElasticSide * 0.07},
     {kElasticSide * 0.08, kElasticSide * 0.06, kElasticSide * 0.06},
     {kElasticSide * 0.1, kElasticSide * 0.04, kElasticSide * 0.05},
     {kElasticSide * 0.1, kElasticSide * 0.03, kElasticSide * 0.03}}};

struct Place {
  double y;
  double x;
};

/// Moves three corners of a square around the centre at random, and the picture with them.
Picture moved_affinely(const Picture& picture, double corners, core::CounterRandom& random) {
  constexpr double kNear = 6.0, kFar = 26.0;  // Of the square, from the centre 10 pixels to each side.
  std::array<Place, 3> to{{{kFar, kFar}, {kNear, kFar}, {kNear, kNear}}};
  for (auto& [y, x] : to) {
    x += random.uniform(-corners, corners);
    y += random.uniform(-corners, corners);
  }
  const Place down{to[0].y - to[1].y, to[0].x - to[1].x}, right{to[1].y - to[2].y, to[1].x - to[2].x};
  const double area = down.y * right.x - down.x * right.y;
  Picture result(picture.height, picture.width, picture.channels);
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      const Place from_corner{y - to[1].y, x - to[1].x};
      const double a = (from_corner.y * right.x - from_corner.x * right.y) / area;
      const double b = (down.y * from_corner.x - down.x * from_corner.y) / area;
      add_sample(picture, kNear + a * (kFar - kNear), kFar + b * (kFar - kNear), Edge::mirror,
                 result.at(y, x));
    }
  }
  return result;
}

/// @returns [32,32,1]: how far pixels are shifted in one direction.
Picture smooth_shifts(const Elastic& elastic, std::span<const double> weights, core::CounterRandom& random) {
  Picture shifts(kPixels, kPixels, 1);
  for (double& v : shifts.v) v = random.uniform(-1.0, 1.0);
  shifts = blurred(shifts, weights, Edge::reflect);
  for (double& v : shifts.v) v *= elastic.strength;
  return shifts;
}

/// Resizes the middle axis of u8 [outer,from,inner] as Pillow's box filter: the mean of the pixels whose
/// centres the box has.
std::vector<std::uint8_t> boxed(std::span<const std::uint8_t> bytes, std::size_t from, std::size_t to,
                                std::size_t inner) {
  const double scale = static_cast<double>(from) / static_cast<double>(to), side = std::max(1.0, scale);
  std::vector<std::uint8_t> result;
  for (; !bytes.empty(); bytes = bytes.subspan(from * inner)) {
    for (std::size_t i = 0; i < to; ++i) {
      const double centre = (static_cast<double>(i) + 0.5) * scale;
      const auto first = static_cast<std::size_t>(std::lround(centre - side / 2));
      const auto last = std::min(from, static_cast<std::size_t>(std::lround(centre + side / 2)));
      const std::size_t n = last - first;
      for (std::size_t k = 0; k < inner; ++k) {
        std::size_t sum = 0;
        for (std::size_t j = first; j < last; ++j) sum += bytes[j * inner + k];
        result.push_back(static_cast<std::uint8_t>((2 * sum + n) / (2 * n)));
      }
    }
  }
  return result;
}

std::vector<std::uint8_t> resized_square(std::span<const std::uint8_t> hwc, std::size_t from,
                                         std::size_t to) {
  return boxed(boxed(hwc, from, to, 3), from, to, 3 * to);
}

void pass_through_jpeg(std::span<const std::uint8_t> hwc, int quality, std::span<std::uint8_t> changed) {
  const cv::Mat rgb(kPixels, kPixels, CV_8UC3, const_cast<std::uint8_t*>(hwc.data()));
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<unsigned char> file;
  if (!cv::imencode(".jpg", bgr, file, {cv::IMWRITE_JPEG_QUALITY, quality})) {
    throw core::Error(core::ExitCode::data, "cannot encode a digit as JPEG",
                      "OpenCV was built without JPEG; install a full OpenCV, or leave out jpeg_compression");
  }
  cv::Mat target(kPixels, kPixels, CV_8UC3, changed.data());
  cv::cvtColor(cv::imdecode(file, cv::IMREAD_COLOR), target, cv::COLOR_BGR2RGB);
}

}  // namespace

Change make_contrast(int severity) {
  const double kept = of_severity<double>({0.75, 0.5, 0.4, 0.3, 0.15}, severity);
  return [kept](auto hwc, auto&, auto changed) {
    Picture picture(hwc);
    std::array<double, 3> mean{};
    for (std::size_t i = 0; i < picture.v.size(); ++i) mean[i % 3] += picture.v[i] / (kPixels * kPixels);
    for (std::size_t i = 0; i < picture.v.size(); ++i)
      picture.v[i] = (picture.v[i] - mean[i % 3]) * kept + mean[i % 3];
    store(picture, changed);
  };
}

Change make_elastic(int severity) {
  constexpr double kTruncate = 3.0;
  const Elastic elastic = of_severity(kElastic, severity);
  return
      [elastic, weights = gaussian_weights(elastic.sigma, kTruncate)](auto hwc, auto& random, auto changed) {
        const Picture moved = moved_affinely(Picture(hwc), elastic.corners, random);
        const Picture right = smooth_shifts(elastic, weights, random),
                      down = smooth_shifts(elastic, weights, random);
        Picture result(kPixels, kPixels, 3);
        for (int y = 0; y < kPixels; ++y) {
          for (int x = 0; x < kPixels; ++x)
            add_sample(moved, y + *down.at(y, x), x + *right.at(y, x), Edge::reflect, result.at(y, x));
        }
        store(result, changed);
      };
}

Change make_pixelate(int severity) {
  const int side =
      of_severity<int>({30, 28, 27, 24, 20}, severity);  // 0.95, 0.9, 0.85, 0.75, 0.65 of 32, cut.
  return [side](auto hwc, auto&, auto changed) {
    std::ranges::copy(resized_square(resized_square(hwc, kPixels, side), side, kPixels), changed.begin());
  };
}

Change make_jpeg(int severity) {
  const int quality = of_severity<int>({80, 65, 58, 50, 40}, severity);
  return [quality](auto hwc, auto&, auto changed) { pass_through_jpeg(hwc, quality, changed); };
}

}  // namespace svhn::data
