#pragma once
/// A t-SNE map as a scatter plot: one point for each image, coloured by digit.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "report/charts/chart.h"

namespace svhn::report {

/// The points of a map and their classes. Views, not copies; N = number of points.
struct MapPoints {
  std::span<const float> positions;       ///< f32 [N,2], row-major.
  std::span<const std::uint8_t> classes;  ///< u8 [N], class index 0..9.
};

/// The digits' colours in class order, for a light background: Paul Tol's "muted" scheme, with dark grey for
/// 0. With common kinds of colour blindness they are as distinguishable as ten colours can be.
/// @see https://personal.sron.nl/~pault/ ("Introduction to colour schemes")
inline constexpr const char* kDigitColours[10] = {"#332288", "#88ccee", "#44aa99", "#117733", "#999933",
                                                  "#ddcc77", "#cc6677", "#882255", "#aa4499", "#555555"};

/// @returns the scatter plot. Each digit is also written where its points are densest, since ten colours are
/// hard to tell apart; names that would overlap are pushed apart. Points that are not finite are left out.
/// @param title any text. @param behind an earlier map on which the points were placed, drawn pale.
/// @throws core::Error(data) when there are no finite points, the lengths differ or a class is not 0..9.
Chart map_chart(const MapPoints& points, const std::string& title, const MapPoints& behind = {});

/// Writes `map_chart` to a file.
/// @param path .png or .svg. @throws as map_chart and write_chart
ChartResult write_map_chart(const std::filesystem::path& path, const MapPoints& points,
                            const std::string& title, const MapPoints& behind = {});

}  // namespace svhn::report
