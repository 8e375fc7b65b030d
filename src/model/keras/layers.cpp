#include <algorithm>
#include <array>
#include <cmath>

#include "model/keras/rows.h"

namespace svhn::model::keras_rows {
namespace {

constexpr double kNormalizationEpsilon = 1e-7;  // Keras' backend.epsilon(), the least deviation.

void need_absent(const KerasLayer& layer, const char* key) {
  if (layer.has(key)) layer.refuse(std::string("its ") + key + " is not read");
}

WindowPad padding_of(const KerasLayer& layer) {
  const std::string name = layer.text("padding", "valid");
  if (name == "valid") return WindowPad::valid;
  if (name == "same") return WindowPad::same;
  layer.refuse("its padding is neither valid nor same");
}

/// @param key "l1" or "l2". @returns the kernel's penalty, for further training.
double penalty(const KerasLayer& layer, const char* key) {
  if (!layer.has("kernel_regularizer")) return 0.0;
  const auto& regularizer = layer.config().at("kernel_regularizer");
  if (!regularizer.is_object() || !regularizer.contains("config")) return 0.0;
  const auto& config = regularizer["config"];
  const bool given = config.is_object() && config.contains(key) && config[key].is_number();
  return given ? config[key].get<double>() : 0.0;
}

Window convolution_window(const KerasLayer& layer) {
  const auto [height, width] = layer.sides("kernel_size", 1);
  return {.height = height,
          .width = width,
          .stride = layer.square("strides", 1),
          .pad = padding_of(layer),
          .dilation = layer.square("dilation_rate", 1)};
}

Window pool_window(const KerasLayer& layer) {
  const std::int64_t side = layer.square("pool_size", 2);
  return {.height = side, .stride = layer.square("strides", side), .pad = padding_of(layer)};
}

/// Adds a layer with the call's activation.
template <class Op>
void push_activated(KerasConversion& c, Op op, std::vector<WeightArray> arrays = {}) {
  const KerasActivation activation = find_activation(c, c.layer().text("activation", "linear"));
  op.activation = activation.fused;
  c.push(op, std::move(arrays));
  if (activation.leaky) c.push_behind(LeakyReluOp{0.2}, "_activation");  // The slope of Keras' function.
}

/// Keras applies a dense layer to the channels of each pixel, which is a convolution of 1x1.
void dense_of_pixels(KerasConversion& c, const DenseOp& op) {
  std::vector<WeightArray> arrays = c.read_variables();
  arrays.front().shape.insert(arrays.front().shape.end(), {1, 1});
  c.note(c.layer().title() + " acts on each pixel of an image: here it is a convolution of 1x1");
  push_activated(c, Conv2dOp{op.units, square(1), op.use_bias, op.activation, 1, op.l1, op.l2},
                 std::move(arrays));
}

/// Keeps the sides that a global pooling took away.
void keep_sides(KerasConversion& c) {
  if (!c.layer().boolean("keepdims", false)) return;
  const Shape channels = c.result().here;
  c.push_behind(ReshapeOp{{channels[0], 1, 1}}, "_keepdims");
}

/// Sets means and variances as they were given: one for all, or one a channel.
void set_given(const KerasLayer& layer, NormalizeOp& op) {
  op.mean = layer.numbers("mean");
  const std::vector<double> variance = layer.numbers("variance");
  if (op.mean.empty() || variance.empty()) layer.refuse("its mean or its variance is missing");
  for (const double value : variance) op.deviation.push_back(value);
}

/// Sets the means and variances of the file.
void set_adapted(KerasConversion& c, NormalizeOp& op) {
  for (const WeightArray& array : c.read_variables()) {
    if (array.shape.size() > 1) c.layer().refuse("it does not normalise the channels");
    auto& list = array.name == "mean" ? op.mean : op.deviation;
    list.assign(array.values.begin(), array.values.end());
  }
}

}  // namespace

void dense(KerasConversion& c) {
  const KerasLayer& layer = c.layer();
  DenseOp op;
  op.units = layer.integer("units");
  op.use_bias = layer.boolean("use_bias", true);
  op.l1 = penalty(layer, "l1");
  op.l2 = penalty(layer, "l2");
  if (c.input().is_image()) return dense_of_pixels(c, op);
  c.need_rank(1);
  push_activated(c, op);
}

void conv2d(KerasConversion& c) {
  c.need_rank(3);
  const KerasLayer& layer = c.layer();
  Conv2dOp op;
  op.filters = layer.integer("filters");
  op.window = convolution_window(layer);
  op.use_bias = layer.boolean("use_bias", true);
  op.groups = layer.has("groups") ? layer.integer("groups") : 1;
  op.l1 = penalty(layer, "l1");
  op.l2 = penalty(layer, "l2");
  push_activated(c, op);
}

void depthwise_conv2d(KerasConversion& c) {
  c.need_rank(3);
  const KerasLayer& layer = c.layer();
  DepthwiseConv2dOp op;
  op.window = convolution_window(layer);
  op.multiplier = layer.has("depth_multiplier") ? layer.integer("depth_multiplier") : 1;
  op.use_bias = layer.boolean("use_bias", true);
  push_activated(c, op);
}

void separable_conv2d(KerasConversion& c) {
  c.need_rank(3);
  const KerasLayer& layer = c.layer();
  SeparableConv2dOp op;
  op.filters = layer.integer("filters");
  op.window = convolution_window(layer);
  op.multiplier = layer.has("depth_multiplier") ? layer.integer("depth_multiplier") : 1;
  op.use_bias = layer.boolean("use_bias", true);
  push_activated(c, op);
}

void batch_norm(KerasConversion& c) {
  const KerasLayer& layer = c.layer();
  const std::size_t rank = c.input().shape.size();
  if (rank == 2 || !layer.is_last_axis(rank)) layer.refuse("it does not normalise the channels");
  if (layer.boolean("renorm", false)) layer.refuse("its renorm is not read");
  need_absent(layer, "virtual_batch_size");
  BatchNormOp op;
  op.epsilon = layer.number("epsilon", 1e-12, 1.0);
  op.momentum = layer.number("momentum", 0.0, 0.9999999);
  c.push_elementwise(op);
}

void layer_norm(KerasConversion& c) {
  const KerasLayer& layer = c.layer();
  const std::size_t rank = c.input().shape.size();
  if (rank == 2 || !layer.is_last_axis(rank)) layer.refuse("it does not normalise over the last axis");
  if (layer.boolean("rms_scaling", false)) layer.refuse("its rms_scaling is not read");
  c.push_elementwise(LayerNormOp{layer.number("epsilon", 1e-12, 1.0)});
}

void rescaling(KerasConversion& c) {
  const KerasLayer& layer = c.layer();
  const std::vector<double> scale = layer.numbers("scale");
  std::vector<double> offset = layer.numbers("offset");
  if (offset.empty()) offset.push_back(0.0);
  if (scale.size() == 1 && offset.size() == 1) return c.push_elementwise(RescaleOp{scale[0], offset[0]});
  if (!c.input().is_image()) layer.refuse("it scales the elements of a vector one by one");
  const std::size_t channels = std::max(scale.size(), offset.size());
  NormalizeOp op;
  for (std::size_t i = 0; i < channels; ++i) {
    const double factor = scale.empty() ? 0.0 : scale[std::min(i, scale.size() - 1)];
    if (factor <= 0.0) layer.refuse("its scale is not positive");
    op.mean.push_back(-offset[std::min(i, offset.size() - 1)] / factor);
    op.deviation.push_back(1.0 / factor);
  }
  c.push_elementwise(op);
}

void normalization(KerasConversion& c) {
  const KerasLayer& layer = c.layer();
  const std::size_t rank = c.input().shape.size();
  const bool given = layer.has("mean");
  if (layer.boolean("invert", false)) layer.refuse("its invert is not read");
  const bool channels = layer.is_last_axis(rank) || layer.config()["axis"].empty();  // Empty: one for all.
  if (!channels) layer.refuse("it does not normalise the channels");
  NormalizeOp op;
  if (given) {
    set_given(layer, op);
  } else {
    set_adapted(c, op);
  }
  for (double& value : op.deviation) value = std::max(std::sqrt(std::max(value, 0.0)), kNormalizationEpsilon);
  if (given && op.mean.size() > 1 && !c.input().is_image()) layer.refuse("its mean is given for a vector");
  c.push_elementwise(op);
}

void max_pool(KerasConversion& c) {
  c.need_rank(3);
  c.push(MaxPool2dOp{pool_window(c.layer())});
}

void average_pool(KerasConversion& c) {
  c.need_rank(3);
  c.push(AveragePool2dOp{pool_window(c.layer())});
}

void global_average_pool(KerasConversion& c) {
  c.need_rank(3);
  c.push(GlobalAveragePoolOp{});
  keep_sides(c);
}

void global_max_pool(KerasConversion& c) {
  c.need_rank(3);
  c.push(GlobalMaxPoolOp{});
  keep_sides(c);
}

}  // namespace svhn::model::keras_rows
