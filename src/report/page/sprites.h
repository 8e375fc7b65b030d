#pragma once
/// Pictures of digits for the page: 32x32 tiles on JPEG sheets of 32 x 32 tiles.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace svhn::report {

inline constexpr std::size_t kMostSprites = 60'000;

/// Gathers images of prepared data files, each once.
class SpriteSheets {
 public:
  SpriteSheets();
  ~SpriteSheets();
  SpriteSheets(const SpriteSheets&) = delete;
  SpriteSheets& operator=(const SpriteSheets&) = delete;

  /// @param data a prepared file (`images` u8 [N,32,32,3]); empty: not known. @param row of the image.
  /// @returns the picture's number: tile n % 1024 of sheet n / 1024, row by row; -1 where there is none.
  int add(const std::filesystem::path& data, std::int64_t row);

  [[nodiscard]] std::size_t size() const;  ///< Pictures so far.
  /// @returns the sheets as JPEG files.
  [[nodiscard]] std::vector<std::string> sheets() const;
  /// @returns a line for each data file that could not be used, and when there were too many pictures.
  [[nodiscard]] const std::vector<std::string>& problems() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace svhn::report
