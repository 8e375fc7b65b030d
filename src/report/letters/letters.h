#pragma once
/// The letters of all pictures: cairo's sans, which gnuplot's charts have, too. Widths are in pixels, sizes
/// in points as in gnuplot's `font 'sans,17'`. Texts are any bytes; control characters and ill-formed UTF-8
/// become '?'.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace svhn::report {

/// Of titles, axes and legends.
inline constexpr double kLetters = 17.0;
/// Of what stands beside a bar or under an image.
inline constexpr double kSmallLetters = 14.0;

/// @returns the width of a line. It depends on the machine's font, not on its hinting.
double text_width(std::string_view text, double points = kLetters);

/// @returns the text, or as much of its beginning and end around a "…" as is no wider.
std::string cut_middle(std::string_view text, double width, double points = kLetters);

/// @returns the text in lines of that width, broken at spaces; words that are wider and what remains of the
/// last line are cut in the middle. Without text there is no line.
std::vector<std::string> wrapped(std::string_view text, double width, std::size_t most_lines,
                                 double points = kLetters);

/// A name and what tells it from an equal one.
struct TaggedName {
  std::string name;
  std::string tag;
};

/// Shortens names to a width so that different ones stay different: words that all names share become "…",
/// then the middle is cut, and names that are equal after that end in their tag.
std::vector<std::string> distinct_names(const std::vector<TaggedName>& names, double width,
                                        double points = kLetters);

/// Pixels of four bytes: blue, green, red, none.
struct Canvas {
  std::uint8_t* pixels = nullptr;
  int width = 0;
  int height = 0;
  int stride = 0;  ///< Bytes from one row to the next, a multiple of 4.
};

/// The look of a line.
struct LineLook {
  double points = kLetters;
  double red = 0.0, green = 0.0, blue = 0.0;  ///< 0 to 1.
};

/// Draws a line with its left end and its baseline there; what is outside of the canvas is left out.
void draw_text(const Canvas& canvas, std::string_view text, const LineLook& look, double left,
               double baseline);

}  // namespace svhn::report
