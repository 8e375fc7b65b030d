#include "report/images/preview.h"

#include <set>

#include "core/error.h"
#include "core/random.h"
#include "data/prepared.h"
#include "report/images/image_grid.h"

namespace svhn::report {
namespace {

constexpr int kMaxGrid = 100;

void check(const PreviewOptions& options) {
  const auto fits = [](int count) { return count >= 1 && count <= kMaxGrid; };
  if (fits(options.columns) && fits(options.rows)) return;
  throw core::Error(
      core::ExitCode::usage,
      "a preview of " + std::to_string(options.columns) + " x " + std::to_string(options.rows) + " pictures",
      "ask for 1 to 100 each way");
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
  if (images.size() != labels.size() * static_cast<std::size_t>(data::kImageBytes)) {
    throw core::Error(core::ExitCode::bug, "a preview of images and labels that do not fit each other");
  }
  constexpr auto kSide = static_cast<int>(data::kSide);
  std::vector<Tile> tiles;
  for (const std::int64_t row :
       sample_rows(static_cast<std::int64_t>(labels.size()),
                   static_cast<std::int64_t>(options.columns) * options.rows, options.seed)) {
    const auto at = static_cast<std::size_t>(row);
    const auto pixels = images.subspan(at * data::kImageBytes, data::kImageBytes);
    tiles.push_back(
        {kSide, kSide, {pixels.begin(), pixels.end()}, {std::to_string(data::digit_of_class(labels[at]))}});
  }
  write_image_grid(path, tiles, {.title = options.title, .columns = options.columns, .side = 2 * kSide});
}

}  // namespace svhn::report
