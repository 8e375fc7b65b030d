// Activations and saliency maps of one image.

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "cli/engine/interpret/context.h"
#include "core/words.h"
#include "formats/safetensors/safetensors.h"
#include "interpret/activations.h"
#include "interpret/saliency.h"
#include "metric/classes.h"
#include "model/plan.h"
#include "model/spec_json.h"

namespace svhn::cli {
namespace {

using core::ExitCode;
using interpret::LayerChoice;
using metric::class_digit;
using torch::Tensor;

constexpr int kFilterWidth = 1100;  // Pixels of a sheet of filters.
constexpr int kFewFilters = 32;

std::span<const float> values_of(const Tensor& tensor) {
  return {static_cast<const float*>(tensor.data_ptr()), static_cast<std::size_t>(tensor.numel())};
}

std::map<std::string, std::string> image_metadata(const InterpretContext& context, const ChosenImage& image,
                                                  int predicted) {
  return {{"model", context.file.record().name},
          {"split", context.options.split},
          {"row", std::to_string(image.row)},
          {"index", std::to_string(image.index)},
          {"true", std::to_string(class_digit(image.true_class))},
          {"predicted", std::to_string(class_digit(predicted))}};
}

/// A float32 array to write.
struct Named {
  std::string name;
  Tensor tensor;
};

void write_arrays(const std::filesystem::path& path, const std::vector<Named>& arrays,
                  const std::map<std::string, std::string>& metadata) {
  std::vector<formats::TensorToWrite> list;
  for (const Named& array : arrays) {
    list.push_back({array.name, formats::DType::f32, array.tensor.sizes().vec(),
                    std::as_bytes(values_of(array.tensor))});
  }
  formats::write_safetensors(path, list, metadata, ExitCode::data);
}

/// @returns f32 [10]
Tensor logits_of(InterpretContext& context, const ChosenImage& image) {
  const torch::NoGradGuard no_grad;
  return context.network.forward(image.pixels, {})[0].cpu();
}

int predicted_class(const Tensor& logits) {
  return static_cast<int>(logits.argmax(0).item().toLong());
}

std::string outcome_text(const ChosenImage& image, int predicted) {
  const std::string digit = std::to_string(class_digit(image.true_class));
  return predicted == image.true_class
             ? "a " + digit + ", recognised"
             : "true " + digit + ", predicted " + std::to_string(class_digit(predicted));
}

std::string image_title(const InterpretContext& context, const ChosenImage& image, int predicted) {
  return context.title() + ", image " + std::to_string(image.index) + " (" + outcome_text(image, predicted) +
         ")";
}

constexpr const char* kScaleNote =
    "; each filter on its own viridis scale (percentiles 2 to 98 inside the border)";

/// One tile for each filter, each with its own colour scale.
std::vector<report::Tile> filter_tiles(const Tensor& maps) {
  std::vector<report::Tile> tiles;
  const auto values = values_of(maps);
  const auto size = static_cast<std::size_t>(maps.size(1) * maps.size(2));
  for (std::int64_t k = 0; k < maps.size(0); ++k) {
    tiles.push_back(report::colour_map(values.subspan(static_cast<std::size_t>(k) * size, size),
                                       static_cast<int>(maps.size(1)), static_cast<int>(maps.size(2)),
                                       report::ColourScale::viridis_inner));
    tiles.back().captions = {std::to_string(k)};
  }
  return tiles;
}

/// One picture of a layer without spatial dimensions, with one colour scale; unused cells of the last row are
/// grey.
report::Tile vector_tile(const Tensor& features) {
  const auto count = static_cast<int>(features.numel());
  const int columns = std::min(count, kFewFilters);
  const int rows = (count + columns - 1) / columns;
  const auto values = values_of(features);
  std::vector<float> padded(values.begin(), values.end());
  padded.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns), std::nanf(""));
  return report::colour_map(padded, rows, columns, report::ColourScale::viridis);
}

void draw_layer(InterpretContext& context, const LayerChoice& layer, const Tensor& output,
                const report::Tile& input, const std::string& subject) {
  const std::string type(model::type_name(context.network.graph().nodes[layer.node].op));
  report::Grid grid{.title = layer.name + " (" + type + ", layer " + std::to_string(layer.index) + "): ",
                    .beside = input};
  std::vector<report::Tile> tiles;
  if (output.dim() == 3) {
    grid.title += core::counted(output.size(0), "filter") + " of " + std::to_string(output.size(1)) + " x " +
                  std::to_string(output.size(2));
    grid.note = subject + kScaleNote;
    grid.columns = output.size(0) <= kFewFilters ? 8 : 16;
    grid.side = kFilterWidth / grid.columns - 8;
    tiles = filter_tiles(output);
  } else {
    grid.title += core::counted(output.numel(), "number") + (layer.softmax ? " after softmax" : "");
    grid.note = subject + "; row by row on one scale in viridis";
    grid.side = 1000;
    tiles = {vector_tile(output.flatten())};
    if (layer.softmax) tiles.front().captions = {"digits 1 2 3 4 5 6 7 8 9 0, from left to right"};
  }
  tiles.resize(std::min<std::size_t>(tiles.size(), 4096));
  const std::string name = "activations/" + layer.name + ".png";
  report::write_image_grid(context.files.path(name), tiles, grid);
  context.files.publish(name);
}

/// The saliency maps of one class.
struct ClassMaps {
  int class_index;
  Tensor grad_cam;  ///< [H,W]; undefined without a convolution.
  interpret::Attribution gradients;
  Tensor occlusion;  ///< [H,W]
};

/// @returns the layer that Grad-CAM looks at: the last of `--layer` that gives an image, else the last
/// convolution, if any.
std::optional<LayerChoice> cam_layer(const InterpretContext& context) {
  const auto chosen = context.chosen_layers();
  const auto found =
      std::find_if(chosen.rbegin(), chosen.rend(), [](const LayerChoice& c) { return c.shape.size() == 3; });
  if (found != chosen.rend()) return *found;
  const model::Graph& graph = context.network.graph();
  const auto node = interpret::last_convolution(graph);
  return node ? std::optional(interpret::find_layer(graph, graph.layer_of(*node).spec.name)) : std::nullopt;
}

/// @returns a window that covers the same part of an image of any size.
interpret::OcclusionWindow window_for(data::ImageSides sides) {
  const std::int64_t side = std::min(sides.height, sides.width);
  const auto scaled = [side](std::int64_t of_digit) {
    return std::max<std::int64_t>(1, of_digit * side / data::kSide);
  };
  const interpret::OcclusionWindow window;
  return {scaled(window.side), scaled(window.stride)};
}

ClassMaps maps_of(InterpretContext& context, const ChosenImage& image, int class_index) {
  const Tensor baseline = interpret::flat_baseline(image.pixels);
  ClassMaps maps{class_index, {}, {}, {}};
  if (const auto layer = cam_layer(context))
    maps.grad_cam = interpret::grad_cam(context.network, image.pixels, layer->node, class_index);
  context.check_stop();
  maps.gradients = interpret::integrated_gradients(context.network, image.pixels, baseline, class_index);
  context.check_stop();
  maps.occlusion = interpret::occlusion(context.network, image.pixels, baseline, class_index,
                                        window_for(context.preprocessing.sides));
  context.check_stop();
  return maps;
}

report::Tile signed_tile(const Tensor& map) {
  const Tensor flat = map.contiguous();
  return report::colour_map(values_of(flat), static_cast<int>(flat.size(0)), static_cast<int>(flat.size(1)),
                            report::ColourScale::diverging);
}

/// Draws the image and one map for each class. @param tile renders a map.
template <class MakeTile>
void draw_maps(InterpretContext& context, const ChosenImage& image, const std::vector<ClassMaps>& classes,
               const std::string& name, const report::Grid& grid, const MakeTile& tile) {
  std::vector<report::Tile> tiles{context.input_picture(image.row)};
  tiles.front().captions = {"input"};
  for (const ClassMaps& maps : classes) {
    tiles.push_back(tile(maps));
    tiles.back().captions = {"for " + std::to_string(class_digit(maps.class_index)) +
                             (maps.class_index == image.true_class ? "" : " (wrong)")};
  }
  const std::string path = "saliency/" + name + ".png";
  report::write_image_grid(context.files.path(path), tiles, grid);
  context.files.publish(path);
}

void draw_saliency(InterpretContext& context, const ChosenImage& image, const std::vector<ClassMaps>& classes,
                   const std::string& subject) {
  const report::Tile picture = context.input_picture(image.row);
  if (const auto layer = cam_layer(context)) {
    draw_maps(context, image, classes, "grad_cam",
              {.title = "Grad-CAM: regions that support each digit, at " + layer->name,
               .note = subject,
               .side = 288},
              [&](const ClassMaps& maps) { return report::heat_over(picture, values_of(maps.grad_cam)); });
  }
  draw_maps(context, image, classes, "integrated_gradients",
            {.title = "Integrated gradients: red supports a digit, blue counts against it",
             .note = subject,
             .side = 288},
            [](const ClassMaps& maps) { return signed_tile(maps.gradients.map.sum(0)); });
  draw_maps(context, image, classes, "occlusion",
            {.title = "Occlusion: covering red regions lowers a digit's score", .note = subject, .side = 288},
            [](const ClassMaps& maps) { return signed_tile(maps.occlusion); });
}

nlohmann::ordered_json saliency_json(const std::vector<ClassMaps>& classes) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const ClassMaps& maps : classes) {
    list.push_back({{"digit", class_digit(maps.class_index)},
                    {"logit", maps.gradients.image},
                    {"baseline_logit", maps.gradients.baseline},
                    {"completeness_gap", maps.gradients.gap()},
                    {"grad_cam", maps.grad_cam.defined()}});
  }
  return list;
}

}  // namespace

void interpret_activations(InterpretContext& context) {
  const ChosenImage image = context.chosen_image();
  auto layers = context.chosen_layers();
  if (layers.empty()) layers = interpret::default_activation_layers(context.network.graph());
  const int predicted = predicted_class(logits_of(context, image));
  const std::string subject = image_title(context, image, predicted);
  const auto outputs = interpret::layer_outputs(context.network, image.pixels, layers);
  report::Tile input = context.input_picture(image.row);
  input.captions = {"input"};
  std::vector<Named> arrays;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < layers.size(); ++i) {
    arrays.push_back({layers[i].name, outputs[i][0].contiguous()});
    list.push_back({{"name", layers[i].name}, {"index", layers[i].index}, {"shape", layers[i].shape}});
    draw_layer(context, layers[i], arrays.back().tensor, input, subject);
    context.check_stop();
  }
  write_arrays(context.files.path("activations.safetensors"), arrays,
               image_metadata(context, image, predicted));
  context.files.publish("activations.safetensors");
  context.files.publish_kind("activations", {{"index", image.index}, {"layers", list}});
  context.document["activations"] = {{"row", image.row}, {"index", image.index}, {"layers", list}};
}

void interpret_saliency(InterpretContext& context) {
  const ChosenImage image = context.chosen_image();
  const Tensor logits = logits_of(context, image), probabilities = logits.softmax(0);
  const int predicted = predicted_class(logits);
  std::vector<ClassMaps> classes{maps_of(context, image, predicted)};
  if (predicted != image.true_class) classes.push_back(maps_of(context, image, image.true_class));
  draw_saliency(context, image, classes, image_title(context, image, predicted));
  std::vector<Named> arrays;
  auto metadata = image_metadata(context, image, predicted);
  for (const ClassMaps& maps : classes) {
    const std::string digit = std::to_string(class_digit(maps.class_index));
    metadata["probability." + digit] =
        fmt::format("{:.9g}", probabilities[maps.class_index].item().toDouble());
    if (maps.grad_cam.defined()) arrays.push_back({"grad_cam." + digit, maps.grad_cam});
    arrays.push_back({"integrated_gradients." + digit, maps.gradients.map});
    arrays.push_back({"occlusion." + digit, maps.occlusion});
  }
  write_arrays(context.files.path("saliency.safetensors"), arrays, metadata);
  context.files.publish("saliency.safetensors");
  context.files.publish_kind("saliency", {{"index", image.index}});
  context.document["saliency"] = {{"row", image.row},
                                  {"index", image.index},
                                  {"true", class_digit(image.true_class)},
                                  {"predicted", class_digit(predicted)},
                                  {"classes", saliency_json(classes)}};
  if (const auto layer = cam_layer(context)) context.document["saliency"]["grad_cam_layer"] = layer->name;
}

}  // namespace svhn::cli
