#include "data/corrupt/corrupter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <thread>

#include "core/error.h"
#include "unit/data/prepared_test_content.h"

namespace svhn::data {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes corrupted(std::string_view name, int severity, const Bytes& image, std::uint64_t seed = 1,
                int row = 0) {
  Bytes changed(kImageBytes);
  Corrupter(name, severity, seed).apply(image, row, changed);
  return changed;
}

/// A function of (y, x), the same in each channel.
template <class Function>
Bytes grey_image(const Function& value) {
  Bytes bytes;
  for (int i = 0; i < kSide * kSide; ++i)
    bytes.insert(bytes.end(), 3,
                 static_cast<std::uint8_t>(value(i / static_cast<int>(kSide), i % static_cast<int>(kSide))));
  return bytes;
}

Bytes flat(int level) {
  return grey_image([level](int, int) { return level; });
}

Bytes golden(std::ptrdiff_t index) {
  const Bytes all = golden_images();
  return {all.begin() + index * kImageBytes, all.begin() + (index + 1) * kImageBytes};
}

int pixel(const Bytes& image, int y, int x) {
  return image[static_cast<std::size_t>((y * kSide + x) * 3)];
}

/// Mean and deviation of the bytes.
std::pair<double, double> moments(const Bytes& bytes) {
  double sum = 0.0, squares = 0.0;
  for (const double byte : bytes) {
    sum += byte;
    squares += byte * byte;
  }
  const double mean = sum / static_cast<double>(bytes.size());
  return {mean, std::sqrt(squares / static_cast<double>(bytes.size()) - mean * mean)};
}

TEST(Corrupter, DrawsDependOnCorruptionSeveritySeedAndRowAlone) {
  const std::set<std::string_view> fixed{"defocus_blur", "zoom_blur", "brightness",
                                         "contrast",     "pixelate",  "jpeg_compression"};
  const Bytes image = golden(4);
  for (const auto& [name, group] : kCorruptions) {
    for (int severity = 1; severity <= kSeverities; ++severity) {
      const Bytes once = corrupted(name, severity, image, 1, 3);
      EXPECT_NE(once, image) << name << severity;
      EXPECT_EQ(once, corrupted(name, severity, image, 1, 3)) << name << severity;
      bool other_rows = false, other_seeds = false;
      for (int i = 4; i < 12; ++i) {  // Motion blur has few directions that differ on so few pixels.
        other_rows = other_rows || once != corrupted(name, severity, image, 1, i);
        other_seeds =
            other_seeds || once != corrupted(name, severity, image, static_cast<std::uint64_t>(i), 3);
      }
      EXPECT_NE(other_rows, fixed.contains(name)) << name << severity;
      EXPECT_NE(other_seeds, fixed.contains(name)) << name << severity;
    }
  }
}

TEST(Corrupter, GivesThreadsTheSameImages) {
  for (const auto& [name, group] : kCorruptions) {
    const Corrupter corrupter(name, 3, 5);
    std::vector<Bytes> alone(8, Bytes(kImageBytes)), together = alone;
    const auto run = [&](std::vector<Bytes>& to, int first) {
      for (int row = first + 3; row >= first; --row)
        corrupter.apply(golden(row), row, to[static_cast<std::size_t>(row)]);
    };
    run(alone, 0);
    run(alone, 4);
    std::thread other(run, std::ref(together), 4);
    run(together, 0);
    other.join();
    EXPECT_EQ(alone, together) << name;
  }
}

TEST(Corrupter, GrowsWorseWithTheSeverity) {
  const auto difference = [](std::string_view name, int severity) {
    double sum = 0.0;
    for (int row = 0; row < 10; ++row) {
      const Bytes image = golden(row), other = corrupted(name, severity, image, 1, row);
      for (std::size_t i = 0; i < image.size(); ++i) sum += std::abs(image[i] - other[i]);
    }
    return sum;
  };
  for (const auto& [name, group] : kCorruptions) {
    if (name == "elastic_transform") continue;  // Of its severities, the first moves the corners most.
    EXPECT_LT(difference(name, 1), difference(name, 5)) << name;
  }
}

// 255 * (0.04, 0.1) = 10.2, 25.5; cutting the fraction takes half a level. 3,072 draws: 5 deviations of their
// mean.
TEST(GaussianNoise, HasThePapersDeviation) {
  for (const auto& [severity, deviation] : {std::pair(1, 10.2), std::pair(5, 25.5)}) {
    const auto [mean, found] = moments(corrupted("gaussian_noise", severity, flat(128)));
    EXPECT_NEAR(mean, 127.5, 5 * deviation / std::sqrt(3072.0));
    EXPECT_NEAR(found, deviation, 0.07 * deviation);
  }
}

// Poisson of mean c x: deviation 255 sqrt(x / c), 8.1 and 25.5 at half brightness.
TEST(ShotNoise, HasThePapersDeviationAndLeavesBlack) {
  for (const auto& [severity, photons] : {std::pair(1, 500.0), std::pair(5, 50.0)}) {
    const auto [mean, found] = moments(corrupted("shot_noise", severity, flat(128)));
    const double deviation = 255 * std::sqrt(128.0 / 255 / photons);
    EXPECT_NEAR(mean, 127.5, 5 * deviation / std::sqrt(3072.0));
    EXPECT_NEAR(found, deviation, 0.07 * deviation);
  }
  EXPECT_EQ(corrupted("shot_noise", 5, flat(0)), flat(0));
}

// 7 % of 3,072 numbers: 215, deviation 14.
TEST(ImpulseNoise, MakesSomeValuesBlackOrWhite) {
  const Bytes noisy = corrupted("impulse_noise", 5, flat(99));
  const auto black = std::ranges::count(noisy, 0), white = std::ranges::count(noisy, 255);
  EXPECT_NEAR(static_cast<double>(black + white), 215, 70);
  EXPECT_NEAR(static_cast<double>(black - white), 0, 75);
  EXPECT_EQ(black + white + std::ranges::count(noisy, 99), kImageBytes);
}

// A disk of radius 1.5 is 3x3 pixels: 255 / 9 = 28.3. That of radius 0.3 is one pixel, smoothed with
// deviation 0.4: 1 / (1 + 2 exp(-3.125)) = 0.9192, squared 0.845, of 255: 215.4.
TEST(DefocusBlur, SpreadsAPointOverADisk) {
  const Bytes point = grey_image([](int y, int x) { return y == 9 && x == 9 ? 255 : 0; });
  const Bytes worst = corrupted("defocus_blur", 5, point);
  EXPECT_EQ(pixel(worst, 8, 10), 28);
  EXPECT_EQ(pixel(worst, 9, 9), 28);
  EXPECT_EQ(pixel(worst, 9, 11), 0);
  EXPECT_EQ(pixel(corrupted("defocus_blur", 1, point), 9, 9), 215);
}

TEST(GlassBlur, TakesColoursOfNeighboursOnly) {
  // Severity 1 does not smooth: each pixel but those of the first two rows and columns has the colour of one
  // that is up to one place to the left or above. Whole numbers may lose a level on their way.
  const Bytes steps = grey_image([](int y, int x) { return 10 * (x % 8) + 80 * (y % 3); });
  const Bytes glass = corrupted("glass_blur", 1, steps);
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      bool found = false;
      for (int i = 0; i < 4; ++i) {
        const int up = y > 1 && x > 1 ? i / 2 : 0, left = y > 1 && x > 1 ? i % 2 : 0;
        found = found || std::abs(pixel(glass, y, x) - pixel(steps, y - up, x - left)) <= 1;
      }
      EXPECT_TRUE(found) << y << ' ' << x;
    }
  }
  EXPECT_NE(glass, steps);
}

// (0 - 100.5) * 0.15 + 100.5 = 85.4; (201 - 100.5) * 0.15 + 100.5 = 115.6
TEST(Contrast, DrawsLevelsTowardsTheMean) {
  const Bytes low = corrupted("contrast", 5, grey_image([](int y, int) { return y < 16 ? 0 : 201; }));
  EXPECT_EQ(pixel(low, 3, 3), 85);
  EXPECT_EQ(pixel(low, 20, 3), 115);
}

// Value 200 + 0.05 * 255 = 212.75 at the same hue and saturation: 200, 100, 0 become 212.75, 106.4, 0.
TEST(Brightness, AddsToTheValueOfHsv) {
  Bytes image = flat(0);
  image[0] = 200, image[1] = 100, image[2] = 0;
  const Bytes bright = corrupted("brightness", 1, image);
  EXPECT_EQ(Bytes(bright.begin(), bright.begin() + 6), (Bytes{212, 106, 0, 12, 12, 12}));
  EXPECT_EQ(pixel(corrupted("brightness", 5, flat(250)), 1, 1), 255);
}

// 32 to 20 pixels, 1.6 each: the centres of pixels 0 and 1 lie in the first box, that of 2 in the second,
// those of 3 and 4 in the third. Enlarged again, pixels 0 and 1 show the first, 2 the second, 3 the third.
TEST(Pixelate, ShowsMeansOfBoxes) {
  const Bytes boxes = corrupted("pixelate", 5, grey_image([](int, int x) { return 8 * x; }));
  EXPECT_EQ(pixel(boxes, 7, 0), 4);
  EXPECT_EQ(pixel(boxes, 7, 1), 4);
  EXPECT_EQ(pixel(boxes, 7, 2), 16);
  EXPECT_EQ(pixel(boxes, 7, 3), 28);
}

// x max / (max + c) + c fog max / (max + c), fog from 0 to 1, c = 0.2: 200 is 0.784 and becomes 159.4 to 200.
TEST(Fog, LiesBetweenTheDarkenedImageAndItsOwnBrightest) {
  const Bytes foggy = corrupted("fog", 1, flat(200));
  const auto [low, high] = std::ranges::minmax(foggy);
  EXPECT_EQ(low, 159);
  EXPECT_GE(high, 199);
  EXPECT_EQ(corrupted("fog", 5, flat(0)), flat(0));
}

// Ice is between (0.20, 0.28, 0.38) and (0.92, 0.96, 1), of which 0.2 are added to black.
TEST(Frost, LaysBluishIceOverTheImage) {
  const Bytes ice = corrupted("frost", 1, flat(0));
  const auto red = moments(ice);
  for (std::size_t i = 0; i < ice.size(); i += 3) {
    EXPECT_GE(ice[i], 10);  // 0.2 * 0.20 * 255
    EXPECT_LE(ice[i + 2], 51);
    EXPECT_GE(ice[i + 2], ice[i]);
  }
  EXPECT_GT(red.second, 2.0);
  // Severity 4 keeps 0.85 of the image: 170 levels of 200.
  EXPECT_NEAR(
      moments(corrupted("frost", 4, flat(150))).first - moments(corrupted("frost", 4, flat(50))).first, 85,
      1);
}

// Each image is whitened by 5 to 20 % and gets flakes: no value falls by more than a level.
TEST(Snow, OnlyBrightens) {
  const Bytes image = golden(2);
  for (int severity = 1; severity <= kSeverities; ++severity) {
    const Bytes snowy = corrupted("snow", severity, image);
    for (std::size_t i = 0; i < image.size(); ++i) EXPECT_GE(snowy[i] + 1, image[i]);
  }
}

// What stays the same everywhere cannot be moved or smoothed.
TEST(Corrupter, LeavesFlatImagesFlatWhereItOnlyMovesPixels) {
  for (const char* name : {"defocus_blur", "glass_blur", "motion_blur", "zoom_blur", "elastic_transform",
                           "pixelate", "contrast", "jpeg_compression"}) {
    for (const int byte : corrupted(name, 3, flat(77))) EXPECT_NEAR(byte, 77, 1) << name;
  }
}

template <class Function>
core::Error error_of(const Function& function) {
  try {
    function();
  } catch (const core::Error& error) {
    return error;
  }
  return {core::ExitCode::ok, "no error"};
}

TEST(Corrupter, RefusesOtherNamesAndSeverities) {
  const auto name = error_of([] { Corrupter("gausian_noise", 1, 1); });
  EXPECT_EQ(name.code(), core::ExitCode::config);
  EXPECT_STREQ(name.what(), "there is no corruption 'gausian_noise'");
  EXPECT_EQ(name.hint(), "did you mean 'gaussian_noise'?");
  EXPECT_TRUE(
      error_of([] { Corrupter("rain", 1, 1); }).hint().starts_with("there are gaussian_noise, shot_noise"));
  for (const int severity : {0, 6, -1}) {
    const auto error = error_of([severity] { Corrupter("fog", severity, 1); });
    EXPECT_EQ(error.code(), core::ExitCode::config);
    EXPECT_EQ(error.hint(), "severities are 1 to 5; the paper means over all five, as without --severity");
  }
  EXPECT_EQ(error_of([] { corrupted("fog", 1, Bytes(5)); }).code(), core::ExitCode::bug);
}

using CorruptedSourceTest = PreparedFolder;

TEST_F(CorruptedSourceTest, PreprocessesTheCorruptedPixelsAsTheCleanOnes) {
  write_prepared(file(), golden_content());
  const PreparedData data(file());
  const auto plan = plan_for({{PreprocessStep::minmax}, data.statistics(Split::train)}, data, Split::test);
  const CorruptedSource source(data, plan, {"impulse_noise", 2, 9});
  EXPECT_EQ(source.shape(), (std::vector<std::int64_t>{3, 32, 32}));
  std::vector<float> found(kImageBytes), wanted(kImageBytes);
  source.read(6, found);
  plan.apply(corrupted("impulse_noise", 2, golden(6), 9, 6), wanted);
  EXPECT_EQ(found, wanted);
}

}  // namespace
}  // namespace svhn::data
