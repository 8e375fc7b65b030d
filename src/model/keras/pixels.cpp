#include "model/keras/pixels.h"

#include <algorithm>
#include <set>

namespace svhn::model {
namespace {

constexpr double kSmallFactor = 0.02;  // Keras' examples have 1/255 and 1/127.5.
constexpr double kLargeMean = 2.0;     // Of pixels from 0 to 1 it is at most 1.

/// @returns whether the op only moves pixels.
bool keeps_pixels(const Operation& op) {
  return std::holds_alternative<FlattenOp>(op) || std::holds_alternative<ReshapeOp>(op) ||
         std::holds_alternative<ZeroPad2dOp>(op) || std::holds_alternative<Crop2dOp>(op) ||
         std::holds_alternative<ResizeOp>(op) || std::holds_alternative<DropoutOp>(op);
}

/// @returns whether the op brings pixels from 0 to 255 to the range of a network.
bool takes_bytes(const Operation& op) {
  if (const auto* rescale = std::get_if<RescaleOp>(&op))
    return rescale->scale > 0.0 && rescale->scale <= kSmallFactor;
  const auto* normalize = std::get_if<NormalizeOp>(&op);
  return normalize != nullptr &&
         *std::max_element(normalize->mean.begin(), normalize->mean.end()) > kLargeMean;
}

/// @returns the first layer that takes pixels from 0 to 255, or nullptr.
const LayerSpec* bytes_layer(const ModelSpec& spec) {
  std::set<std::string> pixels{kInputName};
  std::string before = kInputName;
  for (const LayerSpec& layer : spec.layers) {
    const bool reads_pixels = pixels.contains(layer.inputs.empty() ? before : layer.inputs.front());
    if (reads_pixels && takes_bytes(layer.op)) return &layer;
    if (reads_pixels && keeps_pixels(layer.op)) pixels.insert(layer.name);
    before = layer.name;
  }
  return nullptr;
}

}  // namespace

void scale_pixels(KerasModel& model) {
  const LayerSpec* taker = bytes_layer(model.spec);
  model.scales_pixels = taker != nullptr;
  if (taker == nullptr) return;
  const auto taken = [&](const std::string& name) {
    return std::any_of(model.spec.layers.begin(), model.spec.layers.end(),
                       [&](const LayerSpec& layer) { return layer.name == name; });
  };
  std::string name = "pixels";
  while (taken(name)) name += "_";
  model.notes.push_back("layer '" + taker->name +
                        "' takes pixels from 0 to 255; pixels are 0 to 1 here, and layer '" + name +
                        "' multiplies them by 255");
  for (LayerSpec& layer : model.spec.layers)
    std::replace(layer.inputs.begin(), layer.inputs.end(), std::string(kInputName), name);
  model.spec.layers.insert(model.spec.layers.begin(), {name, RescaleOp{255.0, 0.0}});
}

}  // namespace svhn::model
