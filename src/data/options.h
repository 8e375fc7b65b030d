#pragma once
/// Plain options of the data module: the "data" section of a config.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace svhn::data {

/// Preprocessing steps, applied in order to u8/255.
enum class PreprocessStep {
  greyscale,         ///< RGB . [0.2990, 0.5870, 0.1140] -> one channel.
  minmax_per_split,  ///< (x - min) / (max - min), statistics of the same split.
  minmax,            ///< (x - min) / (max - min), statistics of the training split for every split.
  standardize,       ///< (x - mean) / deviation per channel, statistics of the training split.
};

enum class Fill { nearest, constant, reflect, wrap };

/// Random augmentation of training images, as in Keras' ImageDataGenerator. Zero means off.
struct AugmentOptions {
  double rotation_degrees = 0.0;  ///< Uniform in [-r, r].
  double width_shift = 0.0;       ///< Fraction of the width.
  double height_shift = 0.0;      ///< Fraction of the height.
  double shear_degrees = 0.0;     ///< Uniform in [-s, s], degrees, as Keras defines it.
  double zoom = 0.0;              ///< Each axis uniform in [1-z, 1+z].
  bool horizontal_flip = false;
  bool vertical_flip = false;
  double brightness = 0.0;     ///< Factor uniform in [1-b, 1+b].
  double channel_shift = 0.0;  ///< Added to every pixel of a channel, uniform in [-c, c].
  Fill fill = Fill::nearest;
  double fill_value = 0.0;                 ///< For Fill::constant.
  std::int64_t random_crop = 0;            ///< Pixels of padding before a random crop to the original size.
  std::int64_t cutout = 0;                 ///< Side of the square that is set to zero, pixels.
  double mixup = 0.0;                      ///< Alpha of the Beta distribution.
  std::int64_t colour_ops = 0;             ///< RandAugment colour operations per image.
  double colour_magnitude = 0.5;           ///< Their strength, 0..1.
  double contrast = 0.0;                   ///< Factor uniform in [1-c, 1+c].
  std::int64_t randaugment = 0;            ///< RandAugment: operations per image.
  std::int64_t randaugment_magnitude = 9;  ///< 0..30.
  bool trivialaugment = false;
  double random_erasing = 0.0;        ///< Probability of erasing a rectangle.
  double random_erasing_area = 0.4;   ///< Largest share of the image's area.
  bool random_erasing_noise = false;  ///< Fill with standard normal numbers, not 0.
  double cutmix = 0.0;                ///< Alpha of the Beta distribution.
};

struct DataOptions {
  std::string file = "data/svhn.safetensors";
  std::vector<PreprocessStep> preprocess;
  std::optional<AugmentOptions> augment;
};

}  // namespace svhn::data
