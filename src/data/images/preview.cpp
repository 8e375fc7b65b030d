#include "data/images/preview.h"

#include <algorithm>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <set>

#include "core/error.h"
#include "core/file.h"
#include "core/random.h"
#include "data/prepared.h"

namespace svhn::data {
namespace {

constexpr int kMaxGrid = 100;
constexpr int kPicture = 64;
constexpr int kCaption = 18;
constexpr int kGap = 6;
constexpr int kTitle = 28;

const cv::Scalar kPaper(255, 255, 255);
const cv::Scalar kText(40, 40, 40);

/// Writes text centred at `x`.
void write_centred(cv::Mat& sheet, const std::string& text, int x, int bottom) {
  constexpr double scale = 0.45;
  int baseline = 0;
  const cv::Size size = cv::getTextSize(text, cv::FONT_HERSHEY_SIMPLEX, scale, 1, &baseline);
  cv::putText(sheet, text, {x - size.width / 2, bottom}, cv::FONT_HERSHEY_SIMPLEX, scale, kText, 1,
              cv::LINE_AA);
}

void draw_digit(cv::Mat& sheet, const std::uint8_t* pixels, int digit, cv::Point corner) {
  const cv::Mat picture(static_cast<int>(kSide), static_cast<int>(kSide), CV_8UC3,
                        const_cast<std::uint8_t*>(pixels));
  cv::Mat large;
  cv::resize(picture, large, {kPicture, kPicture}, 0, 0, cv::INTER_NEAREST);
  cv::Mat target = sheet(cv::Rect(corner, large.size()));
  cv::cvtColor(large, target, cv::COLOR_RGB2BGR);
  write_centred(sheet, std::to_string(digit), corner.x + kPicture / 2, corner.y + kPicture + kCaption - 4);
}

void check(const PreviewOptions& options) {
  const auto fits = [](int count) { return count >= 1 && count <= kMaxGrid; };
  if (fits(options.columns) && fits(options.rows)) return;
  throw core::Error(
      core::ExitCode::usage,
      "a preview of " + std::to_string(options.columns) + " x " + std::to_string(options.rows) + " pictures",
      "ask for 1 to 100 each way");
}

cv::Mat draw_sheet(std::span<const std::uint8_t> images, std::span<const std::uint8_t> labels,
                   const PreviewOptions& options) {
  const auto rows = sample_rows(static_cast<std::int64_t>(labels.size()),
                                static_cast<std::int64_t>(options.columns) * options.rows, options.seed);
  const int count = static_cast<int>(rows.size());
  const int lines = (count + options.columns - 1) / options.columns;
  const int top = options.title.empty() ? kGap : kTitle + kGap;
  const int width = kGap + options.columns * (kPicture + kGap);
  cv::Mat sheet(top + lines * (kPicture + kCaption) + kGap, width, CV_8UC3, kPaper);
  if (!options.title.empty()) write_centred(sheet, options.title, width / 2, kTitle - 6);
  for (int i = 0; i < count; ++i) {
    const std::int64_t row = rows[static_cast<std::size_t>(i)];
    const cv::Point corner(kGap + i % options.columns * (kPicture + kGap),
                           top + i / options.columns * (kPicture + kCaption));
    draw_digit(sheet, images.data() + row * kImageBytes,
               digit_of_class(labels[static_cast<std::size_t>(row)]), corner);
  }
  return sheet;
}

}  // namespace

std::vector<std::int64_t> sample_rows(std::int64_t n, std::int64_t count, std::uint64_t seed) {
  core::CounterRandom random(seed, core::stream_id("preview"));
  if (count >= n) return core::random_permutation(n, random);
  std::vector<std::int64_t> rows;
  std::set<std::int64_t> taken;
  while (static_cast<std::int64_t>(rows.size()) < count) {
    const auto row = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(n)));
    if (taken.insert(row).second) rows.push_back(row);
  }
  return rows;
}

void write_preview(const std::filesystem::path& path, std::span<const std::uint8_t> images,
                   std::span<const std::uint8_t> labels, const PreviewOptions& options) {
  check(options);
  if (images.size() != labels.size() * static_cast<std::size_t>(kImageBytes)) {
    throw core::Error(core::ExitCode::bug, "a preview of images and labels that do not fit each other");
  }
  core::AtomicFile file(path, core::ExitCode::data);
  std::vector<unsigned char> png;
  if (!cv::imencode(".png", draw_sheet(images, labels, options), png)) {
    throw core::Error(core::ExitCode::data, "cannot encode '" + path.string() + "' as PNG",
                      "OpenCV was built without PNG; install a full OpenCV");
  }
  file.write(std::as_bytes(std::span(png)));
  file.commit();
}

}  // namespace svhn::data
