#pragma once
/// Sprite sheets of digit images for the page: 32x32 pixels each, on JPEG sheets of 32 x 32 images.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace svhn::report {

inline constexpr std::size_t kMostSprites = 60'000;
inline constexpr int kSpriteSide = 32;  ///< Pixels.

/// Collects images of prepared data files without duplicates.
class SpriteSheets {
 public:
  SpriteSheets();
  ~SpriteSheets();
  SpriteSheets(const SpriteSheets&) = delete;
  SpriteSheets& operator=(const SpriteSheets&) = delete;

  /// @param candidates paths where a prepared file may be. @param fingerprint see `data::data_fingerprint`.
  /// @returns the first path with that file; empty, with a problem, where only other files are.
  std::filesystem::path find(const std::vector<std::filesystem::path>& candidates,
                             const std::string& fingerprint);
  /// @param data a prepared data file (`images` u8 [N,32,32,3]); empty: unknown. @param row of the image.
  /// @returns the index n of the sprite: tile n % 1024 of sheet n / 1024, row by row; -1 without an image.
  int add(const std::filesystem::path& data, std::int64_t row);

  [[nodiscard]] std::size_t size() const;  ///< Number of sprites.
  /// @param number of a sprite, below `size`. @returns its image, u8 [32,32,3].
  [[nodiscard]] std::span<const std::byte> image(std::size_t number) const;
  /// @returns the sheets as JPEG files.
  [[nodiscard]] std::vector<std::string> sheets() const;
  /// @returns a line for each data file that could not be used, and one when there were more than
  /// kMostSprites images.
  [[nodiscard]] const std::vector<std::string>& problems() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace svhn::report
