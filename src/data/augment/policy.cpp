#include "data/augment/policy.h"

#include <cmath>

namespace svhn::data {
namespace {

/// The strengths at full magnitude.
struct Strengths {
  double shear;
  double rotation_degrees;
  double blend;
  double posterize_bits;
};

constexpr Strengths kRandAugment{0.3, 30.0, 0.9, 4.0};
constexpr Strengths kTrivialAugment{0.99, 135.0, 0.99, 6.0};
constexpr double kRandAugmentShift = 150.0 / 331.0;
constexpr double kTrivialAugmentShift = 32.0;

const Strengths& strengths(PolicyRanges ranges) {
  return ranges == PolicyRanges::randaugment ? kRandAugment : kTrivialAugment;
}

/// @returns whole pixels of a shift along a side.
double shift(PolicyRanges ranges, double magnitude, std::int64_t side) {
  const double full = ranges == PolicyRanges::randaugment ? kRandAugmentShift * static_cast<double>(side)
                                                          : kTrivialAugmentShift;
  return std::trunc(full * magnitude);
}

AffineMatrix rotation(double degrees, const ImageShape& shape) {
  return affine_matrix({.rotation_degrees = degrees}, shape.height, shape.width);
}

std::optional<AffineMatrix> transform(PolicyOp op, PolicyRanges ranges, double signed_magnitude,
                                      const ImageShape& shape) {
  const Strengths& full = strengths(ranges);
  const double shear = full.shear * signed_magnitude;
  switch (op) {
    case PolicyOp::shear_x:
      return AffineMatrix{1.0, 0.0, 0.0, shear, 1.0, 0.0};
    case PolicyOp::shear_y:
      return AffineMatrix{1.0, shear, 0.0, 0.0, 1.0, 0.0};
    case PolicyOp::translate_x:
      return AffineMatrix{1.0, 0.0, 0.0, 0.0, 1.0, shift(ranges, signed_magnitude, shape.width)};
    case PolicyOp::translate_y:
      return AffineMatrix{1.0, 0.0, shift(ranges, signed_magnitude, shape.height), 0.0, 1.0, 0.0};
    case PolicyOp::rotate:
      return rotation(full.rotation_degrees * signed_magnitude, shape);
    default:
      return std::nullopt;
  }
}

ColourChange colour(PolicyOp op, PolicyRanges ranges, double magnitude, bool turned) {
  const Strengths& full = strengths(ranges);
  const double blend = 1.0 + full.blend * (turned ? -magnitude : magnitude);
  switch (op) {
    case PolicyOp::brightness:
      return {ColourOp::brightness, blend};
    case PolicyOp::contrast:
      return {ColourOp::contrast, blend};
    case PolicyOp::saturation:
      return {ColourOp::saturation, blend};
    case PolicyOp::sharpness:
      return {ColourOp::sharpness, blend};
    case PolicyOp::posterize:
      return {ColourOp::posterize, 8.0 - full.posterize_bits * magnitude};
    case PolicyOp::solarize:
      return {ColourOp::solarize, 1.0 - magnitude};
    case PolicyOp::auto_contrast:
      return {ColourOp::auto_contrast, 0.0};
    case PolicyOp::equalize:
      return {ColourOp::equalize, 0.0};
    default:
      return {};
  }
}

}  // namespace

PolicyChange policy_change(PolicyOp op, PolicyRanges ranges, double magnitude, bool turned,
                           const ImageShape& shape) {
  const double signed_magnitude = turned ? -magnitude : magnitude;
  return {transform(op, ranges, signed_magnitude, shape), colour(op, ranges, magnitude, turned)};
}

std::vector<PolicyChange> draw_policy(core::CounterRandom& random, const AugmentOptions& options,
                                      const ImageShape& shape) {
  const bool trivial = options.trivialaugment;
  const std::int64_t count = trivial ? 1 : options.randaugment;
  std::vector<PolicyChange> changes;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto op = static_cast<PolicyOp>(random.below(kPolicyOps));
    const bool turned = random.below(2) == 1;
    const double step = trivial ? static_cast<double>(random.below(kMagnitudes + 1))
                                : static_cast<double>(options.randaugment_magnitude);
    const auto ranges = trivial ? PolicyRanges::trivialaugment : PolicyRanges::randaugment;
    changes.push_back(policy_change(op, ranges, step / kMagnitudes, turned, shape));
  }
  return changes;
}

void apply_policy(std::span<float> chw, const ImageShape& shape, const AugmentOptions& options,
                  const PixelRange& range, std::span<const PolicyChange> changes) {
  for (const PolicyChange& change : changes) {
    if (change.transform) apply_affine(chw, shape, *change.transform, options.fill, options.fill_value);
    apply_colour(chw, shape, range, change.colour);
  }
}

}  // namespace svhn::data
