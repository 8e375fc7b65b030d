/// Reads requests from the standard input, one a line, and prints a line of numbers for each:
///     affine C H W FILL VALUE ROTATION SHIFT_ROWS SHIFT_COLUMNS SHEAR ZOOM_ROWS ZOOM_COLUMNS PIXELS...
///         the 6 numbers of the matrix, then the pixels
///     colour C H W OPERATION STRENGTH PIXELS...      (black is 0, white is 1)
///         the pixels
#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "data/augment/affine.h"
#include "data/augment/colour.h"

namespace {

using namespace svhn::data;

constexpr std::array<const char*, 4> kFills{"nearest", "constant", "reflect", "wrap"};
constexpr std::array<const char*, kColourOps + 1> kOperations{
    "identity",   "auto_contrast", "invert",     "solarize",  "posterize",
    "brightness", "contrast",      "saturation", "sharpness", "equalize"};

template <typename Value, typename Names>
Value named(std::istream& words, const Names& names) {
  std::string word;
  words >> word;
  const auto found = std::find(names.begin(), names.end(), word);
  if (found == names.end()) throw std::invalid_argument(word);
  return static_cast<Value>(found - names.begin());
}

std::vector<float> read_pixels(std::istream& words, const ImageShape& shape) {
  std::vector<float> pixels(shape.numbers());
  for (float& x : pixels) words >> x;
  if (!words) throw std::invalid_argument("too few pixels");
  return pixels;
}

void print(const std::vector<float>& pixels) {
  for (const float x : pixels) std::printf("%.9g ", static_cast<double>(x));
  std::printf("\n");
}

void answer_affine(std::istream& words, const ImageShape& shape) {
  const auto fill = named<Fill>(words, kFills);
  double value = 0.0;
  AffineParameters p;
  words >> value >> p.rotation_degrees >> p.shift_rows >> p.shift_columns >> p.shear_degrees >> p.zoom_rows >>
      p.zoom_columns;
  auto pixels = read_pixels(words, shape);
  const AffineMatrix matrix = affine_matrix(p, shape.height, shape.width);
  apply_affine(pixels, shape, matrix, fill, value);
  for (const double x : matrix) std::printf("%.17g ", x);
  print(pixels);
}

void answer_colour(std::istream& words, const ImageShape& shape) {
  const auto operation = named<ColourOp>(words, kOperations);
  double strength = 0.0;
  words >> strength;
  auto pixels = read_pixels(words, shape);
  apply_colour(pixels, shape, {}, {operation, strength});
  print(pixels);
}

}  // namespace

int main() {
  std::string line, kind;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    ImageShape shape;
    words >> kind >> shape.channels >> shape.height >> shape.width;
    kind == "affine" ? answer_affine(words, shape) : answer_colour(words, shape);
  }
}
