#pragma once
/// Pixel statistics of a split, also as JSON for the prepared file and the model file.

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "core/error.h"

namespace svhn::data {

/// Statistics of a split's pixels, as u8/255 in float64; grey is RGB . [0.2990, 0.5870, 0.1140].
struct SplitStatistics {
  double min = 0.0, max = 0.0;  ///< Over all channels.
  double grey_min = 0.0, grey_max = 0.0;
  std::array<double, 3> mean{}, stddev{};  ///< Per channel, population deviation.
  double grey_mean = 0.0, grey_stddev = 0.0;
  bool operator==(const SplitStatistics&) const = default;
};

/// @param images u8 [N,32,32,3]. @param rows indices of the images to use.
/// @returns the statistics; zeros without rows. @throws core::Error(bug) for a row outside the images.
SplitStatistics compute_statistics(std::span<const std::uint8_t> images, std::span<const std::int64_t> rows);

/// @returns {"min","max","grey_min","grey_max","mean":[3],"stddev":[3],"grey_mean","grey_stddev"}; its text
/// preserves every double exactly.
nlohmann::json statistics_to_json(const SplitStatistics& statistics);

/// @param source name of the document in messages. @param code exit code of a failure.
/// @throws core::Error(code) naming the key when one is missing, unknown, not a number, or inconsistent (min
/// above max, negative deviation).
SplitStatistics statistics_from_json(const nlohmann::json& json, const std::string& source,
                                     core::ExitCode code);

}  // namespace svhn::data
