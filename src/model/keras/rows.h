#pragma once
/// The functions of the table's rows, each for one or some classes. Internal to model/keras.

#include "model/keras/conversion.h"

namespace svhn::model::keras_rows {

// layers.cpp
void dense(KerasConversion& c);
void conv2d(KerasConversion& c);
void depthwise_conv2d(KerasConversion& c);
void separable_conv2d(KerasConversion& c);
void batch_norm(KerasConversion& c);
void layer_norm(KerasConversion& c);
void rescaling(KerasConversion& c);
void normalization(KerasConversion& c);
void max_pool(KerasConversion& c);
void average_pool(KerasConversion& c);
void global_average_pool(KerasConversion& c);
void global_max_pool(KerasConversion& c);

// simple_layers.cpp
void activation(KerasConversion& c);
void relu(KerasConversion& c);
void leaky_relu(KerasConversion& c);
void prelu(KerasConversion& c);
void elu(KerasConversion& c);
void softmax(KerasConversion& c);
void dropout(KerasConversion& c);
void flatten(KerasConversion& c);
void reshape(KerasConversion& c);
void zero_padding(KerasConversion& c);
void cropping(KerasConversion& c);
void resizing(KerasConversion& c);
void add(KerasConversion& c);
void concatenate(KerasConversion& c);
/// For layers that do nothing in inference.
void leave_out(KerasConversion& c);
/// Refuses the layer; the row's remark is the hint.
void not_read(KerasConversion& c);

/// An activation function as the op that a layer ends with, or as a layer of its own.
struct KerasActivation {
  Activation fused = Activation::linear;
  bool leaky = false;  ///< "leaky_relu", a layer here.
};

/// @returns the function that Keras calls `name`; refuses others.
KerasActivation find_activation(const KerasConversion& c, const std::string& name);

}  // namespace svhn::model::keras_rows
