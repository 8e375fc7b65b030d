#include "model/onnx/export.h"

#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <array>
#include <limits>

#include "core/build_info.h"
#include "core/error.h"
#include "core/file.h"
#include "data/preprocess_steps.h"
#include "metric/classes.h"
#include "model/onnx/write_ops.h"

namespace svhn::model {
namespace {

using core::Error;
using core::ExitCode;
using onnx_file::GraphWriter;

constexpr std::uint64_t kMostBytes = std::numeric_limits<std::int32_t>::max();  // Of a protocol buffer.
constexpr std::int64_t kLayerNormOpset = 17;

[[noreturn]] void refuse_size(const std::string& source) {
  throw Error(ExitCode::model, "'" + source + "': an ONNX file cannot hold its weights, more than 2 GB",
              "use the model file itself, or train a smaller network");
}

/// @returns for each digit the network's output of it.
std::vector<std::int64_t> outputs_of_digits() {
  std::vector<std::int64_t> outputs(metric::kClasses);
  for (int i = 0; i < metric::kClasses; ++i) outputs[static_cast<std::size_t>(metric::class_digit(i))] = i;
  return outputs;
}

/// Writes what turns u8 [N,H,W,3] into the network's input. @returns its name.
std::string write_preprocessing(GraphWriter& out, const data::Preprocessing& preprocessing) {
  const auto lines = data::lines_of(data::resolve_steps(preprocessing, preprocessing.train));
  const std::vector<float> slope(lines.slope.begin(), lines.slope.end());
  const std::vector<float> shift(lines.shift.begin(), lines.shift.end());
  const std::string numbers = out.add({"Cast", {{"to", std::int64_t{onnx::TensorProto::FLOAT}}}},
                                      "/preprocessing/numbers", {kOnnxImages});
  const std::string planes = out.add({"Transpose", {{"perm", std::vector<std::int64_t>{0, 3, 1, 2}}}},
                                     "/preprocessing/planes", {numbers});
  if (lines.grey) {
    const std::string weights = out.floats("/preprocessing/weights", {1, data::kChannels, 1, 1}, slope);
    const std::string offset = out.floats("/preprocessing/offset", {1}, std::span(shift).first(1));
    return out.add({"Conv", {{"kernel_shape", std::vector<std::int64_t>{1, 1}}}}, "/preprocessing/grey",
                   {planes, weights, offset});
  }
  const std::vector<std::int64_t> shape{data::kChannels, 1, 1};
  const std::string scaled =
      out.add({"Mul"}, "/preprocessing/scaled", {planes, out.floats("/preprocessing/slopes", shape, slope)});
  return out.add({"Add"}, "/preprocessing/shifted",
                 {scaled, out.floats("/preprocessing/offsets", shape, shift)});
}

/// Describes the input. @returns the name of the network's input.
std::string write_input(GraphWriter& out, onnx::GraphProto& to, const Shape& input,
                        const OnnxOptions& options) {
  if (!options.preprocessing) {
    GraphWriter::describe(*to.add_input(), kOnnxInput, onnx::TensorProto::FLOAT, input);
    return kOnnxInput;
  }
  GraphWriter::describe(*to.add_input(), kOnnxImages, onnx::TensorProto::UINT8,
                        {input[1], input[2], data::kChannels});
  return write_preprocessing(out, *options.preprocessing);
}

/// Writes what turns the network's outputs into those of the graph.
void write_outputs(GraphWriter& out, onnx::GraphProto& to, const std::string& logits, double temperature) {
  const std::vector<onnx_file::Attribute> axis{{"axis", std::int64_t{1}}};
  std::string ordered = out.add({"Gather", axis}, "/output/digits",
                                {logits, out.integers("/output/order", outputs_of_digits())});
  if (temperature != 1.0)
    ordered = out.add({"Div"}, "/output/scaled", {ordered, out.number("/output/temperature", temperature)});
  out.add_output({"Softmax", axis}, kOnnxProbabilities, {ordered});
  out.add_output({"ArgMax", {{"axis", std::int64_t{1}}, {"keepdims", std::int64_t{0}}}}, kOnnxDigit,
                 {kOnnxProbabilities});
  GraphWriter::describe(*to.add_output(), kOnnxProbabilities, onnx::TensorProto::FLOAT, {metric::kClasses});
  GraphWriter::describe(*to.add_output(), kOnnxDigit, onnx::TensorProto::INT64, {});
}

void write_graph(onnx::GraphProto& to, const Graph& graph, const TensorValues& values,
                 const OnnxOptions& options) {
  GraphWriter out(to);
  to.set_name(options.name);
  std::vector<std::string> names{write_input(out, to, graph.input(), options)};
  for (NodeId id = 1; id < graph.nodes.size(); ++id) {
    const Node& node = graph.nodes[id];
    std::vector<std::string> inputs;
    for (const NodeId from : node.inputs) inputs.push_back(names[from]);
    const Shape& shape = graph.nodes[node.inputs.front()].output;
    names.push_back(onnx_file::write_node(out, {node, shape, std::move(inputs), values}));
  }
  write_outputs(out, to, names.back(), options.temperature);
}

void write_head(onnx::ModelProto& model, const OnnxOptions& options) {
  constexpr std::int64_t kSeventhVersion = 7, kEighthVersion = 8, kFirstOfEighth = 15;
  model.set_ir_version(options.opset >= kFirstOfEighth ? kEighthVersion : kSeventhVersion);
  model.set_producer_name("svhn");
  model.set_producer_version(core::version());
  model.add_opset_import()->set_version(options.opset);
  for (const auto& [key, value] : options.metadata) {
    onnx::StringStringEntryProto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
}

/// The bytes of a message on their way to a file.
class FileStream : public google::protobuf::io::CopyingOutputStream {
 public:
  explicit FileStream(core::AtomicFile& file) : file_(file) {}
  bool Write(const void* buffer, int size) override {
    file_.write(std::span(static_cast<const std::byte*>(buffer), static_cast<std::size_t>(size)));
    return true;
  }

 private:
  core::AtomicFile& file_;
};

void write_file(const std::filesystem::path& path, const onnx::ModelProto& model) {
  core::AtomicFile file(path, ExitCode::model);
  FileStream stream(file);
  google::protobuf::io::CopyingOutputStreamAdaptor adaptor(&stream);
  if (!model.SerializeToZeroCopyStream(&adaptor) || !adaptor.Flush())
    throw Error(ExitCode::bug, "the ONNX file could not be made");
  file.commit();
}

/// @throws core::Error(model) when it is larger than a file may be.
onnx::ModelProto message_of(const Graph& graph, const TensorValues& values, const OnnxOptions& options) {
  onnx::ModelProto model;
  write_head(model, options);
  write_graph(*model.mutable_graph(), graph, values, options);
  if (model.ByteSizeLong() > kMostBytes) refuse_size(options.name);
  return model;
}

}  // namespace

void check_exportable(const Graph& graph, std::int64_t opset, const std::string& source) {
  if (static_cast<std::uint64_t>(graph.counts.total) > kMostBytes / sizeof(float)) refuse_size(source);
  for (const Node& node : graph.nodes) {
    const std::string title = "'" + source + "': layer '" + node.name + "'";
    if (std::holds_alternative<ScriptOp>(node.op))
      throw Error(ExitCode::model, title + " is a TorchScript module, which cannot become ONNX",
                  "export that module in Python: torch.onnx.export(torch.jit.load(FILE), images, …)");
    if (std::holds_alternative<LayerNormOp>(node.op) && opset < kLayerNormOpset)
      throw Error(ExitCode::usage, title + " is a layer_norm, which ONNX has from opset 17 on",
                  "choose --opset 17");
  }
}

std::uint64_t write_onnx(const std::filesystem::path& path, const Graph& graph, const TensorValues& values,
                         const OnnxOptions& options) {
  const onnx::ModelProto model = message_of(graph, values, options);
  write_file(path, model);
  return model.ByteSizeLong();
}

std::string onnx_bytes(const Graph& graph, const TensorValues& values, const OnnxOptions& options) {
  return message_of(graph, values, options).SerializeAsString();
}

}  // namespace svhn::model
