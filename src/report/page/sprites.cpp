#include "report/page/sprites.h"

#include <algorithm>
#include <map>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "data/fingerprint.h"
#include "formats/safetensors/safetensors.h"

namespace svhn::report {
namespace {

namespace fs = std::filesystem;
using core::ExitCode;
using formats::SafetensorsFile;
using formats::TensorInfo;

constexpr int kSide = kSpriteSide, kColumns = 32;
constexpr std::size_t kPerSheet = 1024, kImageBytes = std::size_t{kSide} * kSide * 3;
constexpr int kQuality = 65;  // About 120 bytes for each digit; the loss is not visible at this size.

/// A prepared file's images.
class Source {
 public:
  explicit Source(const fs::path& path)
      : file_(path, ExitCode::data),
        images_(file_.require("images", formats::DType::u8, {-1, kSide, kSide, 3})) {}

  [[nodiscard]] bool has(std::int64_t row) const { return row >= 0 && row < images_.shape[0]; }
  [[nodiscard]] std::span<const std::byte> image(std::int64_t row) const {
    return file_.bytes(images_, static_cast<std::size_t>(row) * kImageBytes, kImageBytes);
  }

 private:
  SafetensorsFile file_;
  const TensorInfo& images_;
};

std::string encode(const cv::Mat& rgb) {
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<unsigned char> bytes;
  if (!cv::imencode(".jpg", bgr, bytes, {cv::IMWRITE_JPEG_QUALITY, kQuality, cv::IMWRITE_JPEG_OPTIMIZE, 1})) {
    throw core::Error(ExitCode::bug, "a sheet of pictures could not be encoded", "");
  }
  return {bytes.begin(), bytes.end()};
}

void copy_tile(cv::Mat& sheet, std::size_t index, std::span<const std::byte> image) {
  const int left = static_cast<int>(index) % kColumns * kSide,
            top = static_cast<int>(index) / kColumns * kSide;
  const auto* bytes = reinterpret_cast<const unsigned char*>(image.data());
  for (int y = 0; y < kSide; ++y) {
    std::copy_n(bytes + static_cast<std::ptrdiff_t>(y) * kSide * 3, kSide * 3,
                sheet.ptr(top + y) + static_cast<std::ptrdiff_t>(left) * 3);
  }
}

}  // namespace

struct SpriteSheets::Impl {
  std::map<fs::path, std::optional<Source>> sources;
  std::map<std::pair<const Source*, std::int64_t>, int> known;
  std::vector<std::pair<const Source*, std::int64_t>> tiles;
  std::map<fs::path, std::string> fingerprints;
  std::set<std::pair<fs::path, std::string>> told;  // What `find` did not find.
  std::vector<std::string> problems;
  bool full = false;

  const Source* source(const fs::path& path) {
    const auto [entry, fresh] = sources.try_emplace(path);
    if (fresh) {
      try {
        entry->second.emplace(path);
      } catch (const core::Error& error) {
        problems.push_back(std::string("no pictures: ") + error.what());
      }
    }
    return entry->second ? &*entry->second : nullptr;
  }

  /// @returns the fingerprint of a prepared file; empty for any other.
  const std::string& fingerprint(const fs::path& path) {
    const auto [entry, fresh] = fingerprints.try_emplace(path);
    std::error_code error;
    if (!fresh || !fs::exists(path, error)) return entry->second;
    try {
      entry->second = data::data_fingerprint(data::PreparedData(path));
    } catch (const core::Error& failure) {
      problems.push_back(std::string("no pictures: ") + failure.what());
    }
    return entry->second;
  }

  /// Whether an image can be read: the file may be damaged behind its header.
  bool readable(const Source& from, std::int64_t row) {
    try {
      return !from.image(row).empty();
    } catch (const core::Error& error) {
      if (problems.empty() || problems.back() != error.what()) problems.emplace_back(error.what());
      return false;
    }
  }
};

SpriteSheets::SpriteSheets() : impl_(std::make_unique<Impl>()) {}
SpriteSheets::~SpriteSheets() = default;

fs::path SpriteSheets::find(const std::vector<fs::path>& candidates, const std::string& fingerprint) {
  if (fingerprint.empty()) return {};
  for (const fs::path& path : candidates) {
    if (impl_->fingerprint(path) == fingerprint) return path;
  }
  for (const fs::path& path : candidates) {
    std::error_code error;
    const fs::path file = fs::weakly_canonical(path, error);
    if (impl_->fingerprint(path).empty() || !impl_->told.emplace(file, fingerprint).second) continue;
    impl_->problems.push_back("no pictures: '" + core::printable(path.string(), 1'000) +
                              "' is other data by now than the results are of");
  }
  return {};
}

int SpriteSheets::add(const fs::path& data, std::int64_t row) {
  if (data.empty()) return -1;
  const Source* source = impl_->source(data);
  if (source == nullptr || !source->has(row)) return -1;
  const auto known = impl_->known.find({source, row});
  if (known != impl_->known.end()) return known->second;
  if (impl_->tiles.size() == kMostSprites) {
    if (!std::exchange(impl_->full, true))
      impl_->problems.emplace_back("there are more pictures than a page can take; some are left out");
    return -1;
  }
  const int number = impl_->readable(*source, row) ? static_cast<int>(impl_->tiles.size()) : -1;
  if (number >= 0) impl_->tiles.emplace_back(source, row);
  impl_->known.emplace(std::pair(source, row), number);
  return number;
}

std::size_t SpriteSheets::size() const {
  return impl_->tiles.size();
}

std::span<const std::byte> SpriteSheets::image(std::size_t number) const {
  const auto& [source, row] = impl_->tiles.at(number);
  return source->image(row);
}

std::vector<std::string> SpriteSheets::sheets() const {
  std::vector<std::string> sheets;
  for (std::size_t begin = 0; begin < impl_->tiles.size(); begin += kPerSheet) {
    const std::size_t count = std::min(kPerSheet, impl_->tiles.size() - begin);
    const int rows = static_cast<int>((count + kColumns - 1) / kColumns);
    cv::Mat sheet = cv::Mat::zeros(rows * kSide, kColumns * kSide, CV_8UC3);
    for (std::size_t i = 0; i < count; ++i) {
      const auto& [source, row] = impl_->tiles[begin + i];
      copy_tile(sheet, i, source->image(row));
    }
    sheets.push_back(encode(sheet));
  }
  return sheets;
}

const std::vector<std::string>& SpriteSheets::problems() const {
  return impl_->problems;
}

}  // namespace svhn::report
