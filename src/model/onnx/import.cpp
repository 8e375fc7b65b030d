#include "model/onnx/import.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "data/preprocess_steps.h"
#include "metric/classes.h"
#include "model/model_file.h"
#include "model/onnx/export.h"
#include "model/onnx/read_layers.h"
#include "model/plan.h"
#include "model/spec_json.h"

namespace svhn::model {
namespace {

using core::ExitCode;
using onnx_file::GraphReader;
using onnx_file::LayerReader;
using Sizes = std::vector<std::int64_t>;

/// @returns an entry of the metadata; "" where there is none.
std::string entry(const onnx::ModelProto& model, const std::string& key) {
  for (const onnx::StringStringEntryProto& item : model.metadata_props()) {
    if (item.key() == key) return item.value();
  }
  return "";
}

/// @returns the preprocessing that the file records.
data::Preprocessing preprocessing_of(const onnx::ModelProto& model, const GraphReader& in,
                                     const Shape& input) {
  const std::string text = entry(model, "svhn_preprocessing");
  if (text.empty()) in.refuse("its metadata has no 'svhn_preprocessing'");
  auto result = data::preprocessing_from_json(text, in.source(), ExitCode::model);
  result.sides = {input[1], input[2]};
  if (data::channels_of(result.steps) != input[0])
    in.refuse("its preprocessing does not give the " + std::to_string(input[0]) + " channels of its network");
  return result;
}

/// The graph's input: pictures, or numbers that are preprocessed already.
struct GraphInput {
  std::string name;
  Shape network;  ///< C,H,W; C is 3 for pictures that may become grey.
  bool pictures = false;
};

/// @returns [N, sizes...] without N; nothing where a size is not fixed or too large.
std::optional<Shape> fixed_sizes(const onnx::TypeProto::Tensor& tensor) {
  Shape shape;
  for (int i = 1; i < tensor.shape().dim_size(); ++i) {
    const auto& dim = tensor.shape().dim(i);
    if (!dim.has_dim_value() || dim.dim_value() < 1 || dim.dim_value() > data::kMostSide) return std::nullopt;
    shape.push_back(dim.dim_value());
  }
  return shape;
}

GraphInput input_of(const GraphReader& in) {
  const onnx::GraphProto& graph = in.graph();
  if (graph.input_size() != 1)
    in.refuse("it has " + std::to_string(graph.input_size()) + " inputs in place of one");
  const onnx::ValueInfoProto& info = graph.input(0);
  const auto& tensor = info.type().tensor_type();
  const auto sizes = fixed_sizes(tensor);
  const std::string title = "its input '" + core::printable(info.name()) + "'";
  if (!sizes || sizes->size() != 3) in.refuse(title + " is no batch of pictures of fixed sides up to 2048");
  const Shape& s = *sizes;
  if (tensor.elem_type() == onnx::TensorProto::UINT8 && s[2] == data::kChannels)
    return {info.name(), {data::kChannels, s[0], s[1]}, true};
  if (tensor.elem_type() == onnx::TensorProto::FLOAT && (s[0] == 1 || s[0] == data::kChannels))
    return {info.name(), s, false};
  in.refuse(title + " holds neither bytes [N,H,W,3] nor float32 [N,C,H,W] of 1 or 3 channels");
}

/// The operators between the pictures and the network.
struct Head {
  const onnx::NodeProto& last;
  std::vector<float> slope, shift;  ///< As data::PixelLines; grey: one shift.
};

Head read_head(GraphReader& in, const std::string& pictures) {
  const onnx::NodeProto& numbers = in.take("Cast", {pictures});
  const onnx::NodeProto& planes = in.take("Transpose", {numbers.output(0)});
  if (in.integer(numbers, "to", 0) != onnx::TensorProto::FLOAT) in.refuse(numbers, "is not one to float32");
  if (in.list(planes, "perm", Sizes(4), 0) != Sizes{0, 3, 1, 2}) in.refuse(planes, "has another order");
  if (in.next_is("Conv", {planes.output(0)})) {
    const onnx::NodeProto& grey = in.take();
    in.allow(grey, {"kernel_shape"});
    GraphReader::Floats weights = in.floats(grey, 1);
    if (weights.shape != Shape{1, data::kChannels, 1, 1}) in.refuse(grey, "does not make grey of colours");
    return {grey, std::move(weights.values), in.floats(grey, 2).values};
  }
  const onnx::NodeProto& scaled = in.take("Mul", {planes.output(0)});
  std::vector<float> slope = in.floats(scaled, 1).values;
  const onnx::NodeProto& shifted = in.take("Add", {scaled.output(0)});
  return {shifted, std::move(slope), in.floats(shifted, 1).values};
}

bool near(std::span<const float> found, std::span<const double> wanted) {
  constexpr double kRounding = 1e-5, kZero = 1e-9;
  return std::equal(found.begin(), found.end(), wanted.begin(), wanted.end(), [](float x, double y) {
    return std::abs(static_cast<double>(x) - y) <= kRounding * std::abs(y) + kZero;
  });
}

/// Refuses operators that do not do what the recorded steps do.
void check_head(const GraphReader& in, const Head& head, const data::Preprocessing& preprocessing) {
  const auto lines = data::lines_of(data::resolve_steps(preprocessing, preprocessing.train));
  const auto shift = std::span(lines.shift).first(lines.grey ? 1 : lines.shift.size());
  if (!near(head.slope, lines.slope) || !near(head.shift, shift))
    in.refuse(head.last, "does not do what the recorded preprocessing does");
}

/// Reads the division of the logits, if there is one. @returns the name of the result.
std::string read_temperature(GraphReader& in, const std::string& logits, double& temperature) {
  if (!in.next_is("Div", {logits})) return logits;
  const onnx::NodeProto& scaled = in.take();
  in.allow(scaled, {});
  temperature = in.number(scaled, 1);
  if (temperature >= kLeastTemperature && temperature <= kMostTemperature) return scaled.output(0);
  in.refuse(scaled, "divides by a temperature outside 0.01 to 100");
}

/// Reads the operators behind the network. @returns the temperature.
double read_outputs(GraphReader& in, const std::string& logits) {
  const onnx::NodeProto& ordered = in.take("Gather", {logits});
  Sizes order(metric::kClasses);
  for (int i = 0; i < metric::kClasses; ++i) order[static_cast<std::size_t>(metric::class_digit(i))] = i;
  if (in.integer(ordered, "axis", 0) != 1 || in.integers(ordered, 1) != order)
    in.refuse(ordered, "does not give the outputs in the order of the digits");
  double temperature = 1.0;
  const onnx::NodeProto& softmax = in.take("Softmax", {read_temperature(in, ordered.output(0), temperature)});
  if (in.integer(softmax, "axis", -1) != 1) in.refuse(softmax, "has another axis than 1");
  const onnx::NodeProto& digit = in.take("ArgMax", {softmax.output(0)});
  if (in.integer(digit, "axis", 0) != 1) in.refuse(digit, "has another axis than 1");
  if (!in.at_end()) in.refuse(in.take(), "stands behind the end");
  return temperature;
}

/// The last layer gets the softmax that the graph has behind it, as `config check` recommends.
void end_with_softmax(ModelSpec& spec) {
  Operation& op = spec.layers.back().op;
  if (std::holds_alternative<DenseOp>(op) && activation_of(op) == Activation::linear)
    set_activation(op, Activation::softmax);
}

/// Refuses layers that a model file cannot hold.
void check_layers(const std::string& source, const ModelSpec& spec, const Shape& input) {
  const auto text = core::parse_json_strict(model_to_json(spec).dump(), source, ExitCode::model);
  (void)plan_network(model_from_json(text, "'" + source + "'", ExitCode::model), input,
                     {metric::kClasses, ExitCode::model});
}

}  // namespace

OnnxModel import_onnx(const std::filesystem::path& path) {
  const onnx::ModelProto file = onnx_file::read_model(path);
  GraphReader in(file, path.string());
  const GraphInput input = input_of(in);
  std::optional<Head> head;
  if (input.pictures) head.emplace(read_head(in, input.name));
  Shape shape = input.network;
  if (head && head->shift.size() == 1) shape[0] = 1;
  LayerReader layers(in, head ? head->last.output(0) : input.name, shape);
  const double temperature = read_outputs(in, layers.read_until("Gather"));
  // Last, so that files of other programs are refused by their operators.
  OnnxModel result{entry(file, "svhn_model"),
                   shape,
                   {std::move(layers.layers())},
                   std::move(layers.arrays()),
                   preprocessing_of(file, in, shape),
                   entry(file, "svhn_synthetic") == "true",
                   temperature};
  if (head) check_head(in, *head, result.preprocessing);
  if (result.spec.layers.empty()) in.refuse("it has no layers");
  end_with_softmax(result.spec);
  check_layers(in.source(), result.spec, result.input);
  return result;
}

}  // namespace svhn::model
