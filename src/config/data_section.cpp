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
  f.number({"rotation_degrees", "Rotation, uniform in [-r, r]."}, o.rotation_degrees, between(0.0, 180.0));
  f.number({"width_shift", "Shift to the side, share of the width."}, o.width_shift, between(0.0, 1.0));
  f.number({"height_shift", "Shift up or down, share of the height."}, o.height_shift, between(0.0, 1.0));
  f.number({"shear_degrees", "Shear, uniform in [-s, s] (degrees, as Keras means it)."}, o.shear_degrees,
           below(0.0, 90.0));
  f.number({"zoom", "Each axis scaled by a factor uniform in [1-z, 1+z]."}, o.zoom, below(0.0, 1.0));
  f.boolean({"horizontal_flip", "Mirror left and right, every other time."}, o.horizontal_flip);
  f.boolean({"vertical_flip", "Mirror top and bottom, every other time."}, o.vertical_flip);
  f.choice({"fill", "What lies outside the image."}, o.fill, kFills);
  f.number({"fill_value", "The value outside for fill constant."}, o.fill_value, between(-1000.0, 1000.0));
  f.integer({"random_crop", "Pixels of padding before a random crop back to size."}, o.random_crop, {0, 32});
}

}  // namespace

void describe_augment(Fields& f, data::AugmentOptions& o) {
  describe_geometry(f, o);
  f.number({"brightness", "Pixels times a factor uniform in [1-b, 1+b]."}, o.brightness, between(0.0, 1.0));
  f.number({"channel_shift", "Added to each channel, uniform in [-c, c]."}, o.channel_shift,
           between(0.0, 255.0));
  f.integer({"cutout", "Side of the square that is zeroed, in pixels."}, o.cutout, {0, 32});
  f.number({"mixup", "Alpha of the Beta distribution that mixes two images; 0: off."}, o.mixup,
           between(0.0, 100.0));
  f.integer({"colour_ops", "RandAugment-style colour operations for each image."}, o.colour_ops, {0, 16});
  f.number({"colour_magnitude", "Strength of the colour operations."}, o.colour_magnitude, between(0.0, 1.0));
}

void describe_data(Fields& f, data::DataOptions& o) {
  f.text({"file", "The prepared data file."}, o.file);
  f.list({"preprocess", "Steps from u8/255 pixels to the network's input, in order."}, o.preprocess, {0, 4},
         describe_step);
  check_steps(f, o.preprocess);
  f.optional({"augment", "Random changes of training images; null: none."}, o.augment,
             [](Visitor& v, data::AugmentOptions& augment) {
               v.object([&](Fields& inner) { describe_augment(inner, augment); });
             });
}

}  // namespace svhn::config
