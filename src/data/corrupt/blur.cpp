#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "data/corrupt/changes.h"
#include "data/corrupt/picture.h"

namespace svhn::data {
namespace {

constexpr int kReach =
    2;  // Of the disks: those of these severities are at most 3 pixels wide, and smoothed by 3.
constexpr int kKernelSide = 2 * kReach + 1;

using Kernel = std::array<std::array<double, kKernelSide>, kKernelSide>;

struct Disk {
  double radius;
  double smoothing;  ///< Deviation of the Gaussian of 3x3 pixels that smooths it.
};

Kernel disk_kernel(const Disk& disk) {
  const double beside = std::exp(-0.5 / (disk.smoothing * disk.smoothing));
  const std::array<double, 3> smooth{beside / (1 + 2 * beside), 1 / (1 + 2 * beside),
                                     beside / (1 + 2 * beside)};
  Kernel kernel{};
  double pixels = 0.0;
  for (std::size_t i = 0; i < 9; ++i) {
    const std::size_t y = i / 3, x = i % 3;  // Of the disk, 1 and 1 its centre.
    const double dy = static_cast<double>(y) - 1, dx = static_cast<double>(x) - 1;
    if (dy * dy + dx * dx > disk.radius * disk.radius) continue;
    ++pixels;
    for (std::size_t j = 0; j < 9; ++j) kernel[y + j / 3][x + j % 3] += smooth[j / 3] * smooth[j % 3];
  }
  for (auto& row : kernel) {
    for (double& weight : row) weight /= pixels;
  }
  return kernel;
}

/// Adds the picture, moved and weighed, to `sum`.
void add_moved(const Picture& picture, int down, int right, double weight, Picture& sum) {
  const auto mirrored = [](int i) { return i < 0 ? -i : i >= kPixels ? 2 * kPixels - 2 - i : i; };
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      const double* from = picture.at(mirrored(y + down), mirrored(x + right));
      for (int c = 0; c < picture.channels; ++c) sum.at(y, x)[c] += weight * from[c];
    }
  }
}

Picture filtered(const Picture& picture, const Kernel& kernel) {
  Picture result(picture.height, picture.width, picture.channels);
  for (int down = -kReach; const auto& row : kernel) {
    for (int right = -kReach; const double weight : row) {
      if (weight > 0.0) add_moved(picture, down, right, weight, result);
      ++right;
    }
    ++down;
  }
  return result;
}

/// Gives each pixel the colour of one beside or above it, from the last pixel to the first. The paper speaks
/// of swapped pixels; in its authors' program, and so in CIFAR-10-C, the other pixel keeps its colour.
void shuffle_pixels(std::span<std::uint8_t> hwc, core::CounterRandom& random) {
  const auto at = [hwc](int y, int x) { return hwc.begin() + std::ptrdiff_t{3} * (y * kPixels + x); };
  for (int y = kPixels - 1; y > 1; --y) {
    for (int x = kPixels - 1; x > 1; --x) {
      const int right = static_cast<int>(random.below(2)) - 1, down = static_cast<int>(random.below(2)) - 1;
      std::copy_n(at(y + down, x + right), 3, at(y, x));
    }
  }
}

}  // namespace

Change make_defocus_blur(int severity) {
  const Disk disk = of_severity<Disk>({{{0.3, 0.4}, {0.4, 0.5}, {0.5, 0.6}, {1, 0.2}, {1.5, 0.1}}}, severity);
  return [kernel = disk_kernel(disk)](auto hwc, auto&, auto changed) {
    store(filtered(Picture(hwc), kernel), changed);
  };
}

Change make_glass_blur(int severity) {
  const double sigma = of_severity<double>({0.05, 0.25, 0.4, 0.25, 0.4}, severity);
  const int rounds = of_severity<int>({1, 1, 1, 2, 2}, severity);
  return [weights = gaussian_weights(sigma, 4.0), rounds](auto hwc, auto& random, auto changed) {
    store(blurred(Picture(hwc), weights, Edge::nearest), changed);
    for (int round = 0; round < rounds; ++round) shuffle_pixels(changed, random);
    store(blurred(Picture(changed), weights, Edge::nearest), changed);
  };
}

Change make_motion_blur(int severity) {
  const Motion motion = of_severity<Motion>({{{6, 1}, {6, 1.5}, {6, 2}, {8, 2}, {9, 2.5}}}, severity);
  return [motion](auto hwc, auto& random, auto changed) {
    store_rounded(motion_blurred(Picture(hwc), motion, random.uniform(-45.0, 45.0)), changed);
  };
}

Change make_zoom_blur(int severity) {
  constexpr double kStep = 1.01 - 1.0;
  const int zooms =
      of_severity<int>({7, 12, 16, 21, 26}, severity);  // 1, 1.01, …, the first of them no zoom.
  return [zooms](auto hwc, auto&, auto changed) {
    const Picture picture(hwc);
    Picture sum = picture;
    for (int i = 0; i < zooms; ++i) {
      const Picture zoomed = clipped_zoom(picture, 1.0 + i * kStep);
      for (std::size_t k = 0; k < sum.v.size(); ++k) sum.v[k] += zoomed.v[k];
    }
    for (double& v : sum.v) v /= zooms + 1;
    store(sum, changed);
  };
}

}  // namespace svhn::data
