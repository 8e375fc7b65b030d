#pragma once
/// Images as real numbers, and what several corruptions do with them. Coordinates are (row y, column x).

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/random.h"
#include "data/prepared.h"

namespace svhn::data {

inline constexpr int kPixels = static_cast<int>(kSide);  ///< Of a row and of a column.

/// [H,W,C], values 0 to 1.
struct Picture {
  int height = kPixels;
  int width = kPixels;
  int channels = static_cast<int>(kChannels);
  std::vector<double> v;

  Picture(int rows, int columns, int colours)
      : height(rows),
        width(columns),
        channels(colours),
        v(static_cast<std::size_t>(rows * columns * colours)) {}
  /// @param hwc u8 [32,32,3]; divided by 255.
  explicit Picture(std::span<const std::uint8_t> hwc);

  [[nodiscard]] double* at(int y, int x) { return v.data() + (y * width + x) * channels; }
  [[nodiscard]] const double* at(int y, int x) const { return v.data() + (y * width + x) * channels; }
};

/// Stores 255 v, clamped, without its fraction, as the paper's authors do. @param bytes as many as values.
void store(const Picture& picture, std::span<std::uint8_t> bytes);
/// Stores the nearest byte to 255 v, clamped.
void store_rounded(const Picture& picture, std::span<std::uint8_t> bytes);

/// What is beyond the border; the names are scipy's.
enum class Edge {
  nearest,  ///< a a a | a b c | c c c
  reflect,  ///< c b a | a b c | c b a
  mirror,   ///< c b | a b c | b a
};

/// @returns the weights of a Gaussian from -r to r, r = truncate * sigma, rounded; their sum is 1.
std::vector<double> gaussian_weights(double sigma, double truncate);

/// Weighs columns and then rows. @param weights an odd number of them.
Picture blurred(const Picture& picture, std::span<const double> weights, Edge edge);

/// Adds the interpolated value at (y, x) to `sum`, a number for each channel.
void add_sample(const Picture& picture, double y, double x, Edge edge, double* sum);

/// @returns the middle of a square picture, enlarged linearly to the picture's size. As in the paper's
/// program, the outermost pixels of the middle stay the outermost ones.
/// @param factor at least 1.
Picture clipped_zoom(const Picture& picture, double factor);

/// A blur in one direction, as ImageMagick's: half a Gaussian.
struct Motion {
  int radius;  ///< Of 2 radius + 1 weights.
  double sigma;
};
/// @param degrees of the direction; 0: to the right, 90: downwards.
Picture motion_blurred(const Picture& picture, Motion motion, double degrees);

/// @returns [32,32,1], a random landscape by the diamond-square algorithm, lowest place 0, highest 1;
/// opposite borders fit each other. @param decay by which finer steps are rougher; above 1.
Picture plasma(core::CounterRandom& random, double decay);

}  // namespace svhn::data
