#include "data/shared_rows.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "data/prepared.h"

namespace svhn::data {
namespace {

/// The images of a split, to be looked up by their pixels.
class ImageSet {
 public:
  ImageSet(std::span<const std::uint8_t> images, std::span<const std::int64_t> rows) : images_(images) {
    known_.reserve(rows.size());
    for (const std::int64_t row : rows) known_.insert(pixels(row));
  }

  /// @returns how many of these rows have the pixels of a known image.
  [[nodiscard]] std::int64_t count(std::span<const std::int64_t> rows) const {
    return std::count_if(rows.begin(), rows.end(),
                         [this](std::int64_t row) { return known_.count(pixels(row)) > 0; });
  }

 private:
  [[nodiscard]] std::string_view pixels(std::int64_t row) const {
    return {reinterpret_cast<const char*>(images_.data()) + row * kImageBytes,
            static_cast<std::size_t>(kImageBytes)};
  }

  std::span<const std::uint8_t> images_;
  std::unordered_set<std::string_view> known_;
};

}  // namespace

SharedRows count_shared_rows(std::span<const std::uint8_t> images, const SplitIndices& splits) {
  const auto rows = [&splits](Split split) -> std::span<const std::int64_t> {
    return splits.at(static_cast<std::size_t>(split));
  };
  SharedRows shared;
  {
    const ImageSet train(images, rows(Split::train));
    shared.test_in_train = train.count(rows(Split::test));
    shared.val_in_train = train.count(rows(Split::val));
  }
  shared.test_in_val = ImageSet(images, rows(Split::val)).count(rows(Split::test));
  return shared;
}

}  // namespace svhn::data
