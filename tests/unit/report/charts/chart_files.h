#pragma once
/// Helpers of the chart tests: a temporary folder and the size of a PNG.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/file.h"
#include "report/charts/chart.h"

/// Skips a test that draws where the program is not installed.
#define SVHN_NEEDS_GNUPLOT() \
  if (!::svhn::report::gnuplot_is_there()) GTEST_SKIP() << "gnuplot is not in PATH"

namespace svhn::report {

inline bool gnuplot_is_there() {
  Chart chart;
  chart.commands = "print 1\n";
  std::string text;
  return draw_text_chart(chart, {}, text).status != ChartStatus::no_gnuplot;
}

class ChartFolder {
 public:
  ChartFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "svhn_chart_XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ChartFolder(const ChartFolder&) = delete;
  ChartFolder& operator=(const ChartFolder&) = delete;
  ~ChartFolder() { std::filesystem::remove_all(path_); }

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  std::filesystem::path path_;
};

using PngSize = std::pair<std::uint32_t, std::uint32_t>;

/// PNG specification, 5.2 and 11.2.2: eight bytes of signature, then IHDR's length, name, width and height,
/// big-endian.
inline PngSize png_size(const std::filesystem::path& path) {
  const std::string bytes = core::read_text_file(path, core::ExitCode::data, 1 << 24);
  const auto number = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes.at(i));
    return value;
  };
  if (bytes.substr(0, 8) != "\x89PNG\r\n\x1a\n" || bytes.substr(12, 4) != "IHDR") return {0, 0};
  return {number(16), number(20)};
}

}  // namespace svhn::report
