#include "data/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "data/prepared.h"

namespace svhn::data {
namespace {

// 0.2990, 0.5870 and 0.1140 as integers, so that every sum over pixels is exact.
constexpr std::array<std::int64_t, 3> kGreyThousandths{299, 587, 114};
constexpr double kGreyUnit = 1000.0;
constexpr double kByteMax = 255.0;
constexpr std::size_t kRow = static_cast<std::size_t>(kImageBytes);

__extension__ using Wide = __int128;

/// Integer sums: exact, so the order of the rows does not matter.
struct Moments {
  std::array<std::uint64_t, 3> sum{};
  std::array<std::uint64_t, 6> product{};  ///< rr gg bb rg rb gb.
  std::int32_t min = 255, max = 0;
  std::int32_t grey_min = std::numeric_limits<std::int32_t>::max(), grey_max = 0;
  std::uint64_t pixels = 0;
};

using Plane = std::array<std::int16_t, static_cast<std::size_t>(kSide* kSide)>;

/// Sum of products; compilers vectorise this form with 16-bit multiply-add instructions.
/// One image cannot overflow it: 1024 * 255^2 < 2^27.
std::uint64_t dot(const Plane& a, const Plane& b) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::int32_t{a[i]} * std::int32_t{b[i]};
  return static_cast<std::uint64_t>(sum);
}

void add_extremes(Moments& total, const std::array<Plane, 3>& planes) {
  std::int32_t low = 255, high = 0, grey_low = std::numeric_limits<std::int32_t>::max(), grey_high = 0;
  for (std::size_t i = 0; i < planes[0].size(); ++i) {
    const std::int32_t r = planes[0][i], g = planes[1][i], b = planes[2][i];
    const std::int32_t grey = 299 * r + 587 * g + 114 * b;
    low = std::min(std::min(low, r), std::min(g, b));
    high = std::max(std::max(high, r), std::max(g, b));
    grey_low = std::min(grey_low, grey);
    grey_high = std::max(grey_high, grey);
  }
  total.min = std::min(total.min, low);
  total.max = std::max(total.max, high);
  total.grey_min = std::min(total.grey_min, grey_low);
  total.grey_max = std::max(total.grey_max, grey_high);
}

void add_image(Moments& total, std::span<const std::uint8_t> image) {
  std::array<Plane, 3> planes;
  for (std::size_t i = 0; i < planes[0].size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) planes[c][i] = image[3 * i + c];
  }
  const auto& [r, g, b] = planes;
  const std::array<std::uint64_t, 6> products{dot(r, r), dot(g, g), dot(b, b),
                                              dot(r, g), dot(r, b), dot(g, b)};
  for (std::size_t i = 0; i < products.size(); ++i) total.product[i] += products[i];
  for (std::size_t c = 0; c < 3; ++c) total.sum[c] += std::accumulate(planes[c].begin(), planes[c].end(), 0U);
  add_extremes(total, planes);
  total.pixels += r.size();
}

/// sqrt(n * squares - sum^2) / n. The difference is exact, so that a constant has deviation 0.
double deviation(Wide squares, Wide sum, std::uint64_t n) {
  return std::sqrt(static_cast<double>(squares * n - sum * sum)) / static_cast<double>(n);
}

void set_grey(SplitStatistics& result, const Moments& m) {
  const auto& [r, g, b] = kGreyThousandths;
  const auto& p = m.product;
  const Wide sum = Wide{r} * m.sum[0] + Wide{g} * m.sum[1] + Wide{b} * m.sum[2];
  const Wide squares = Wide{r} * r * p[0] + Wide{g} * g * p[1] + Wide{b} * b * p[2] +
                       2 * (Wide{r} * g * p[3] + Wide{r} * b * p[4] + Wide{g} * b * p[5]);
  const double unit = kGreyUnit * kByteMax;
  result.grey_min = m.grey_min / unit;
  result.grey_max = m.grey_max / unit;
  result.grey_mean = static_cast<double>(sum) / (unit * static_cast<double>(m.pixels));
  result.grey_stddev = deviation(squares, sum, m.pixels) / unit;
}

SplitStatistics from_moments(const Moments& m) {
  SplitStatistics result;
  if (m.pixels == 0) return result;
  result.min = m.min / kByteMax;
  result.max = m.max / kByteMax;
  for (std::size_t c = 0; c < 3; ++c) {
    result.mean[c] = static_cast<double>(m.sum[c]) / (kByteMax * static_cast<double>(m.pixels));
    result.stddev[c] = deviation(m.product[c], m.sum[c], m.pixels) / kByteMax;
  }
  set_grey(result, m);
  return result;
}

/// Reads the members of one object; all of them are required.
class StatisticsReader {
 public:
  StatisticsReader(const nlohmann::json& json, const std::string& source, core::ExitCode code)
      : json_(json), source_(source), code_(code) {
    if (!json.is_object()) refuse("are not a JSON object");
  }

  [[noreturn]] void refuse(const std::string& what) const {
    throw core::Error(code_, "'" + source_ + "': the statistics " + what,
                      "the file is damaged; make it again");
  }

  double number(const char* key) { return value(member(key), key); }

  std::array<double, 3> triple(const char* key) {
    const nlohmann::json& list = member(key);
    if (!list.is_array() || list.size() != 3) refuse(std::string("need three numbers at '") + key + "'");
    return {value(list[0], key), value(list[1], key), value(list[2], key)};
  }

  void finish() const {
    if (json_.size() != taken_) refuse("have an unknown key");
  }

 private:
  [[nodiscard]] const nlohmann::json& member(const char* key) {
    const auto found = json_.find(key);
    if (found == json_.end()) refuse(std::string("lack '") + key + "'");
    ++taken_;
    return *found;
  }

  [[nodiscard]] double value(const nlohmann::json& json, const char* key) const {
    if (!json.is_number() || !std::isfinite(json.get<double>())) {
      refuse(std::string("need a number at '") + key + "'");
    }
    return json.get<double>();
  }

  const nlohmann::json& json_;
  const std::string& source_;
  core::ExitCode code_;
  std::size_t taken_ = 0;
};

bool consistent(const SplitStatistics& s) {
  const auto not_negative = [](double x) { return x >= 0.0; };
  return s.min <= s.max && s.grey_min <= s.grey_max && s.grey_stddev >= 0.0 &&
         std::ranges::all_of(s.stddev, not_negative);
}

}  // namespace

SplitStatistics compute_statistics(std::span<const std::uint8_t> images, std::span<const std::int64_t> rows) {
  Moments moments;
  for (const std::int64_t row : rows) {
    const auto index = static_cast<std::size_t>(row);
    if (row < 0 || index >= images.size() / kRow) {
      throw core::Error(core::ExitCode::bug, "row " + std::to_string(row) + " is outside of the images");
    }
    add_image(moments, images.subspan(index * kRow, kRow));
  }
  return from_moments(moments);
}

nlohmann::json statistics_to_json(const SplitStatistics& s) {
  return {{"min", s.min},   {"max", s.max},       {"grey_min", s.grey_min},   {"grey_max", s.grey_max},
          {"mean", s.mean}, {"stddev", s.stddev}, {"grey_mean", s.grey_mean}, {"grey_stddev", s.grey_stddev}};
}

SplitStatistics statistics_from_json(const nlohmann::json& json, const std::string& source,
                                     core::ExitCode code) {
  StatisticsReader reader(json, source, code);
  SplitStatistics s;
  s.min = reader.number("min");
  s.max = reader.number("max");
  s.grey_min = reader.number("grey_min");
  s.grey_max = reader.number("grey_max");
  s.mean = reader.triple("mean");
  s.stddev = reader.triple("stddev");
  s.grey_mean = reader.number("grey_mean");
  s.grey_stddev = reader.number("grey_stddev");
  reader.finish();
  if (!consistent(s)) reader.refuse("contradict themselves");
  return s;
}

}  // namespace svhn::data
