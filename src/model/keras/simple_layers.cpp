#include <algorithm>
#include <map>

#include "model/keras/rows.h"

namespace svhn::model::keras_rows {
namespace {

constexpr std::int64_t kMostSlopes = std::int64_t{1} << 24;  // A small file may ask for many.

/// @returns PReLU's slopes [H,W,C], with 1 for shared sizes, as one a channel or one for each element
/// [C,H,W].
WeightArray image_slopes(const KerasLayer& layer, const Shape& hwc, WeightArray alpha, bool& per_channel) {
  const Shape& given = alpha.shape;
  bool sound = given.size() == 3;
  for (std::size_t i = 0; i < 3 && sound; ++i) sound = given[i] == 1 || given[i] == hwc[i];
  if (!sound) layer.refuse("its alpha is " + shape_text(given) + ", but its input is " + shape_text(hwc));
  per_channel = given[0] == 1 && given[1] == 1 && given[2] == hwc[2];
  if (per_channel) return {alpha.name, {hwc[2]}, std::move(alpha.values)};
  if (!fits_bound(hwc, kMostSlopes))
    layer.refuse("its input " + shape_text(hwc) + " is too large for slopes of its own");
  WeightArray result{alpha.name, hwc, {}};
  for (std::int64_t y = 0; y < hwc[0]; ++y) {
    for (std::int64_t x = 0; x < hwc[1]; ++x) {
      for (std::int64_t c = 0; c < hwc[2]; ++c) {
        const std::int64_t row = given[0] == 1 ? 0 : y, column = given[1] == 1 ? 0 : x,
                           channel = given[2] == 1 ? 0 : c;
        result.values.push_back(
            alpha.values[static_cast<std::size_t>((row * given[1] + column) * given[2] + channel)]);
      }
    }
  }
  channels_first(result);
  return result;
}

/// Refuses branches that differ in shape, or in the order of a vector's elements.
void need_alike(KerasConversion& c) {
  const KerasValue first = c.input(0);
  for (std::size_t i = 1; i < c.input_count(); ++i) {
    const KerasValue& other = c.input(i);
    if (other.shape != first.shape)
      c.layer().refuse(
          "its inputs have the shapes " + shape_text(first.shape) + " and " + shape_text(other.shape),
          "only branches of one shape are added");
    if (other.order != first.order)
      c.layer().refuse(
          "one input does not stem from an image of the same shape as the other: their elements are in "
          "different orders",
          "add the images before they are flattened");
  }
}

}  // namespace

KerasActivation find_activation(const KerasConversion& c, const std::string& name) {
  static const std::map<std::string_view, Activation> kNames{{"linear", Activation::linear},
                                                             {"relu", Activation::relu},
                                                             {"relu6", Activation::relu6},
                                                             {"selu", Activation::selu},
                                                             {"tanh", Activation::tanh},
                                                             {"sigmoid", Activation::sigmoid},
                                                             {"elu", Activation::elu},
                                                             {"gelu", Activation::gelu},
                                                             {"swish", Activation::swish},
                                                             {"silu", Activation::swish},
                                                             {"softmax", Activation::softmax},
                                                             {"softplus", Activation::softplus},
                                                             {"softsign", Activation::softsign},
                                                             {"hard_sigmoid", Activation::hard_sigmoid},
                                                             {"hard_silu", Activation::hard_swish},
                                                             {"hard_swish", Activation::hard_swish},
                                                             {"mish", Activation::mish}};
  if (name == "leaky_relu") return {Activation::linear, true};
  const auto found = kNames.find(name);
  // Keras 2's is another function: max(0, min(1, 0.2 x + 0.5)).
  const bool other = name == "hard_sigmoid" && c.keras_major() < 3;
  if (found == kNames.end() || other)
    c.layer().refuse("its activation '" + name.substr(0, 60) + "' is not read" +
                     (other ? " from Keras 2" : ""));
  return {found->second, false};
}

void activation(KerasConversion& c) {
  const KerasActivation found = find_activation(c, c.layer().text("activation", ""));
  if (found.leaky) return c.push_elementwise(LeakyReluOp{0.2});
  c.push_elementwise(ActivationOp{found.fused});
}

void relu(KerasConversion& c) {
  const KerasLayer& layer = c.layer();
  const auto number = [&](const char* key) { return layer.has(key) ? layer.number(key, 0.0, 1e6) : 0.0; };
  const double slope = number("negative_slope");
  if (number("threshold") != 0.0) layer.refuse("its threshold is not 0");
  if (!layer.has("max_value")) {
    if (slope != 0.0) return c.push_elementwise(LeakyReluOp{slope});
    return c.push_elementwise(ActivationOp{Activation::relu});
  }
  if (number("max_value") != 6.0 || slope != 0.0) layer.refuse("its max_value is not 6, or its slope not 0");
  c.push_elementwise(ActivationOp{Activation::relu6});
}

void leaky_relu(KerasConversion& c) {
  const char* key = c.layer().has("alpha") ? "alpha" : "negative_slope";  // Keras 2 and 3.
  c.push_elementwise(LeakyReluOp{c.layer().number(key, 0.0, 1e6)});
}

void prelu(KerasConversion& c) {
  const KerasValue value = c.input();
  std::vector<WeightArray> arrays = c.read_variables();
  PreluOp op;
  if (value.is_image()) {
    arrays.front() = image_slopes(c.layer(), value.shape, std::move(arrays.front()), op.per_channel);
  } else {
    c.need_rank(1);
    if (arrays.front().shape == Shape{1}) {
      arrays.front().values.resize(static_cast<std::size_t>(value.shape[0]), arrays.front().values[0]);
      arrays.front().shape = value.shape;
    }
  }
  c.push(op, std::move(arrays));
  c.result().order = value.order;
}

void elu(KerasConversion& c) {
  const KerasLayer& layer = c.layer();
  if (layer.has("alpha") && layer.number("alpha", 0.0, 1e9) != 1.0) layer.refuse("its alpha is not 1");
  c.push_elementwise(ActivationOp{Activation::elu});
}

void softmax(KerasConversion& c) {
  if (!c.input().is_vector() || !c.layer().is_last_axis(1)) c.layer().refuse("its input is not a vector");
  c.push_elementwise(ActivationOp{Activation::softmax});
}

void dropout(KerasConversion& c) {
  if (c.layer().has("noise_shape")) return leave_out(c);
  c.push_elementwise(DropoutOp{c.layer().number("rate", 0.0, 0.9999999)});
}

void flatten(KerasConversion& c) {
  const KerasValue value = c.input();
  c.push(FlattenOp{});
  c.result().order = value.is_vector() ? value.order : flattened_order(value.shape);
}

void reshape(KerasConversion& c) {
  const KerasValue value = c.raw_input();
  const Shape target = c.layer().target_shape(element_count(value.shape));
  if (!can_reshape(value, target))
    c.layer().refuse("reshaping " + shape_text(value.shape) + " to " + shape_text(target) +
                     " would need the numbers in another order");
  c.push_raw(ReshapeOp{chw_shape(target)});
  c.result().shape = target;
  if (target.size() == 1) c.result().order = value.is_vector() ? value.order : flattened_order(value.shape);
}

void zero_padding(KerasConversion& c) {
  c.need_rank(3);
  const auto [top, bottom, left, right] = c.layer().borders("padding");
  c.push(ZeroPad2dOp{.top = top, .bottom = bottom, .left = left, .right = right});
}

void cropping(KerasConversion& c) {
  c.need_rank(3);
  const auto [top, bottom, left, right] = c.layer().borders("cropping");
  c.push(Crop2dOp{.top = top, .left = left, .bottom = bottom, .right = right});
}

void resizing(KerasConversion& c) {
  c.need_rank(3);
  const KerasLayer& layer = c.layer();
  if (layer.text("interpolation", "bilinear") != "bilinear")
    layer.refuse("its interpolation is not bilinear");
  for (const char* key : {"antialias", "crop_to_aspect_ratio", "pad_to_aspect_ratio"}) {
    if (layer.boolean(key, false)) layer.refuse(std::string("its ") + key + " is not read");
  }
  c.push(ResizeOp{layer.integer("height"), layer.integer("width")});
}

void add(KerasConversion& c) {
  if (c.input_count() == 1) return c.pass_input();
  need_alike(c);
  c.push_elementwise(AddOp{});
}

void concatenate(KerasConversion& c) {
  if (c.input_count() == 1) return c.pass_input();
  const KerasValue first = c.input(0);
  std::vector<ElementOrder> orders;
  for (std::size_t i = 0; i < c.input_count(); ++i) {
    const KerasValue& value = c.input(i);
    const bool fits = value.shape.size() == first.shape.size() && value.shape.size() != 2;
    if (!fits || !c.layer().is_last_axis(value.shape.size()))
      c.layer().refuse("its axis is not that of the channels",
                       "images are joined by channels, vectors by elements");
    orders.push_back(value.order);
  }
  c.push(ConcatOp{});
  if (first.is_vector()) c.result().order = joined_orders(orders);
}

void leave_out(KerasConversion& c) {
  c.note(c.layer().title() + " is left out: it does nothing in inference");
  c.pass_input();
}

void not_read(KerasConversion& c) {
  c.layer().refuse("layers of this class are not read", c.row().remark);
}

}  // namespace svhn::model::keras_rows
