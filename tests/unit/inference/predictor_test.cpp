#include "inference/predictor.h"

#include <cmath>

#include "core/error.h"
#include "data/prepared.h"
#include "unit/network/small_network.h"

namespace svhn::inference {
namespace {

constexpr auto kBytes = static_cast<std::size_t>(data::kImageBytes);

/// A network whose logit of class 4 is `weight` times the red byte / 255 at (x, y) = (5, 2), all others 0.
network::Network one_pixel(double weight) {
  network::Network network(network::any_graph({model::FlattenOp{}, model::DenseOp{.units = 10}}, {3, 32, 32}),
                           1);
  std::vector<double> weights(30720, 0.0);
  weights[4 * 3072 + 2 * 32 + 5] = weight;
  network::set(network, "dense_1.weight", weights);
  return network;
}

/// The same for images of 16 rows of 40 pixels.
network::Network one_pixel_of_wide_images(double weight) {
  network::Network network(network::any_graph({model::FlattenOp{}, model::DenseOp{.units = 10}}, {3, 16, 40}),
                           1);
  std::vector<double> weights(10 * 3 * 640, 0.0);
  weights[4 * 3 * 640 + 2 * 40 + 35] = weight;
  network::set(network, "dense_1.weight", weights);
  return network;
}

/// Pictures that are black but for the red of (5, 2).
std::vector<std::uint8_t> pictures(const std::vector<std::uint8_t>& reds) {
  std::vector<std::uint8_t> images(reds.size() * kBytes, 0);
  for (std::size_t i = 0; i < reds.size(); ++i) images[i * kBytes + (2 * 32 + 5) * 3] = reds[i];
  return images;
}

double expected(double logit) {
  return std::exp(logit) / (std::exp(logit) + 9.0);
}

TEST(Predictor, TellsEachPicturesProbabilities) {
  for (const std::int64_t batch : {1, 2, 100}) {
    Predictor predictor(one_pixel(3.0), {}, {.batch_size = batch});
    const auto results = predictor.predict(pictures({255, 0, 51}));
    ASSERT_EQ(results.size(), 3U);
    EXPECT_NEAR(results[0][4], expected(3.0), 1e-6);
    EXPECT_NEAR(results[1][4], 0.1, 1e-6);
    EXPECT_NEAR(results[2][4], expected(0.6), 1e-6);
    EXPECT_NEAR(results[2][0], 1.0 / (std::exp(0.6) + 9.0), 1e-6);
  }
}

TEST(Predictor, AnswersEachViewOfEachPicture) {
  Predictor predictor(one_pixel(3.0), {}, {.batch_size = 4});
  const std::array views{View{}, View{1, 0}, View{-1, 2}};
  auto images = pictures({255, 0});
  images[kBytes + ((2 - 2) * 32 + 5 + 1) * 3] =
      51;  // The last view moves this one to where the network looks.
  const auto logits = predictor.logits(images, views);
  ASSERT_EQ(logits.size(), 3U);
  const std::vector<std::vector<float>> expected{{3.0F, 0.0F}, {0.0F, 0.0F}, {0.0F, 0.6F}};
  for (std::size_t view = 0; view < 3; ++view) {
    for (std::int64_t image = 0; image < 2; ++image)
      EXPECT_NEAR(logits[view][image][4].item().toFloat(), expected[view][static_cast<std::size_t>(image)],
                  1e-6);
  }
}

TEST(Predictor, TakesImagesOfTheNetworksSize) {
  data::Preprocessing preprocessing;
  preprocessing.sides = {16, 40};
  Predictor predictor(one_pixel_of_wide_images(3.0), preprocessing, {});
  EXPECT_EQ(predictor.sides(), (data::ImageSides{16, 40}));
  std::vector<std::uint8_t> images(std::size_t{2} * 1920, 0);
  images[1920 + (2 * 40 + 35) * 3] = 255;
  const auto results = predictor.predict(images);
  ASSERT_EQ(results.size(), 2U);
  EXPECT_NEAR(results[0][4], 0.1, 1e-6);
  EXPECT_NEAR(results[1][4], expected(3.0), 1e-6);
}

TEST(Predictor, RefusesANetworkOfAnotherInput) {
  Predictor predictor(one_pixel_of_wide_images(3.0), {}, {});
  try {
    predictor.predict(pictures({255}));
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::bug);
  }
}

TEST(Predictor, TakesTheTrainingSplitsNumbersForItsSplit) {
  data::Preprocessing preprocessing{{data::PreprocessStep::minmax_per_split}, {}};
  preprocessing.train.min = 0.2;
  preprocessing.train.max = 0.7;
  Predictor predictor(one_pixel(3.0), preprocessing, {});
  // Red 0.6 becomes (0.6 - 0.2) / 0.5.
  EXPECT_NEAR(predictor.predict(pictures({153}))[0][4], expected(3.0 * 0.8), 1e-6);
}

TEST(Predictor, HasNothingToSayOfNothing) {
  Predictor predictor(one_pixel(1.0), {}, {});
  EXPECT_TRUE(predictor.predict({}).empty());
}

TEST(Predictor, RefusesLogitsThatAreNoNumbers) {
  Predictor predictor(one_pixel(std::nan("")), {}, {});
  try {
    predictor.predict(pictures({255}));
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::numeric);
  }
}

}  // namespace
}  // namespace svhn::inference
