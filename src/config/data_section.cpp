#include <algorithm>

#include "config/sections.h"
#include "data/preprocess.h"

namespace svhn::config {
namespace {

using core::below;
using core::between;
using core::Fields;
using core::Name;
using core::Visitor;
using data::Fill;
using data::PreprocessStep;

constexpr std::array<Name<Fill>, 4> kFills{{{Fill::nearest, "nearest"},
                                            {Fill::constant, "constant"},
                                            {Fill::reflect, "reflect"},
                                            {Fill::wrap, "wrap"}}};

void describe_step(Visitor& visitor, PreprocessStep& step) {
  const auto named = [](PreprocessStep value) { return Name<PreprocessStep>{value, data::step_name(value)}; };
  const std::array<Name<PreprocessStep>, 4> names{
      {named(PreprocessStep::greyscale), named(PreprocessStep::minmax_per_split),
       named(PreprocessStep::minmax), named(PreprocessStep::standardize)}};
  core::choose(visitor, step, names);
}

/// Greyscale comes first, if at all, and one step at most scales.
void check_steps(Fields& f, const std::vector<PreprocessStep>& steps) {
  for (std::size_t i = 1; i < steps.size(); ++i) {
    const std::string place = "preprocess/" + std::to_string(i);
    f.check(steps[i] != PreprocessStep::greyscale, place,
            "greyscale must be the first step and stand only once");
    const bool scaled_before = i > 1 || steps[0] != PreprocessStep::greyscale;
    f.check(steps[i] == PreprocessStep::greyscale || !scaled_before, place,
            "a second scaling step; keep one of minmax_per_split, minmax and standardize");
  }
}

void describe_geometry(Fields& f, data::AugmentOptions& o) {
  f.number({"rotation_degrees", "Rotation angle, uniform in [-r, r] degrees."}, o.rotation_degrees,
           between(0.0, 180.0));
  f.number({"width_shift", "Horizontal shift, uniform in [-s, s] times the width."}, o.width_shift,
           between(0.0, 1.0));
  f.number({"height_shift", "Vertical shift, uniform in [-s, s] times the height."}, o.height_shift,
           between(0.0, 1.0));
  f.number({"shear_degrees", "Shear angle, uniform in [-s, s] degrees (Keras' shear_range)."},
           o.shear_degrees, below(0.0, 90.0));
  f.number({"zoom", "Scale factor of each axis, uniform in [1-z, 1+z]."}, o.zoom, below(0.0, 1.0));
  f.boolean({"horizontal_flip", "Flip left and right with probability 1/2."}, o.horizontal_flip);
  f.boolean({"vertical_flip", "Flip top and bottom with probability 1/2."}, o.vertical_flip);
  f.choice({"fill", "How pixels outside the image are filled."}, o.fill, kFills);
  f.number({"fill_value", "Value of pixels outside the image for fill constant."}, o.fill_value,
           between(-1000.0, 1000.0));
  f.integer({"random_crop", "Padding in pixels on each side before a random crop to the original size."},
            o.random_crop, {0, 32});
}

}  // namespace

void describe_augment(Fields& f, data::AugmentOptions& o) {
  describe_geometry(f, o);
  f.number({"brightness", "Brightness factor of the pixels, uniform in [1-b, 1+b]."}, o.brightness,
           between(0.0, 1.0));
  f.number({"channel_shift",
            "One number added to all channels, uniform in [-c, c] in units of the preprocessed image, "
            "clipped to the image's own range."},
           o.channel_shift, between(0.0, 255.0));
  f.integer({"cutout", "Side in pixels of a square at a random place that is set to 0; 0: off."}, o.cutout,
            {0, 32});
  f.number({"mixup", "Alpha of mixup's Beta distribution; 0: off."}, o.mixup, between(0.0, 100.0));
  f.integer({"colour_ops", "Number of RandAugment-style colour operations on each image; 0: off."},
            o.colour_ops, {0, 16});
  f.number({"colour_magnitude", "Magnitude of the colour operations."}, o.colour_magnitude,
           between(0.0, 1.0));
}

void describe_data(Fields& f, data::DataOptions& o) {
  f.text({"file", "Data file that svhn preprocess made."}, o.file);
  f.list({"preprocess", "Preprocessing steps, in order, applied to pixels u8/255."}, o.preprocess, {0, 4},
         describe_step);
  check_steps(f, o.preprocess);
  f.optional({"augment", "Random augmentation of training images; null: none."}, o.augment,
             [](Visitor& v, data::AugmentOptions& augment) {
               v.object([&](Fields& inner) { describe_augment(inner, augment); });
             });
}

}  // namespace svhn::config
