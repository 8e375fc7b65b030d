#include "data/images/synthetic.h"

#include <string>

#include "core/error.h"
#include "core/random.h"
#include "data/images/synthetic_parts.h"
#include "data/parallel.h"
#include "data/prepared.h"

namespace svhn::data {
namespace {

constexpr std::int64_t kMaxImages = 10'000'000;

void draw_picture(int digit, core::CounterRandom& random, std::uint8_t* pixels) {
  cv::Mat picture = synthetic::paint_sign(synthetic::draw_ink(digit, random), random);
  synthetic::photograph(picture, random);
  cv::Mat target(synthetic::kPictureSide, synthetic::kPictureSide, CV_8UC3, pixels);
  picture.convertTo(target, CV_8U, 255.0);
}

}  // namespace

RawDigits make_synthetic(std::int64_t n, std::uint64_t seed, unsigned threads) {
  if (n < 1 || n > kMaxImages) {
    throw core::Error(core::ExitCode::usage, "cannot draw " + std::to_string(n) + " synthetic digits",
                      "ask for 1 to " + std::to_string(kMaxImages));
  }
  RawDigits digits;
  digits.images.resize(static_cast<std::size_t>(n * kImageBytes));
  digits.labels.resize(static_cast<std::size_t>(n));
  parallel_for(n, threads, [&digits, seed](std::int64_t row) {
    static const std::uint64_t stream = core::stream_id("synthetic digits");
    core::CounterRandom random(seed, stream, static_cast<std::uint64_t>(row));
    const int label = static_cast<int>(random.below(kClasses));
    digits.labels[static_cast<std::size_t>(row)] = label;
    draw_picture(digit_of_class(label), random, digits.images.data() + row * kImageBytes);
  });
  return digits;
}

}  // namespace svhn::data
