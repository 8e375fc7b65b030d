#pragma once
/// The operators of an ONNX file as layers.

#include <map>
#include <string>
#include <vector>

#include "model/graph/spec.h"
#include "model/onnx/reader.h"
#include "model/pretrained/reader.h"

namespace svhn::model::onnx_file {

/// The layers of a network, made one after the other from the operators of `write_node`.
class LayerReader {
 public:
  /// @param value that holds the network's input. @param input its C,H,W.
  LayerReader(GraphReader& in, const std::string& value, const Shape& input);

  /// Reads operators up to one of this type, which stays.
  /// @returns the value that the last of them gives. @throws core::Error(model) as `import_onnx` does.
  std::string read_until(std::string_view type);

  [[nodiscard]] const Shape& shape_of(const std::string& value) const { return known_.at(value).shape; }
  [[nodiscard]] std::vector<LayerSpec>& layers() { return layers_; }
  [[nodiscard]] std::vector<WeightArray>& arrays() { return arrays_; }

 private:
  using Node = onnx::NodeProto;
  using Read = void (LayerReader::*)(const Node&);

  /// A value and the layer that gives it.
  struct Known {
    std::string layer;
    Shape shape;
    std::size_t index = 0;  ///< Of the layer; meaningless for the network's input.
  };

  /// A sliding window and the zeros that it needs around its input.
  struct Placed {
    Window window;
    std::vector<std::int64_t> pads;  ///< Top, left, bottom, right; empty: the window's own padding.
  };

  static const std::map<std::string_view, Read>& table();

  void conv(const Node& node);
  void gemm(const Node& node);
  void batch_norm(const Node& node);
  void layer_norm(const Node& node);
  void transposed_layer_norm(const Node& node);
  void max_pool(const Node& node);
  void average_pool(const Node& node);
  void global_pool(const Node& node);
  void flatten(const Node& node);
  void reshape(const Node& node);
  void pad(const Node& node);
  void slice(const Node& node);
  void resize(const Node& node);
  void concat(const Node& node);
  void add(const Node& node);
  void multiply(const Node& node);
  void gelu(const Node& node);
  void subtract(const Node& node);
  void leaky_relu(const Node& node);
  void prelu(const Node& node);
  void clip(const Node& node);
  void sigmoid(const Node& node);
  void hard_sigmoid(const Node& node);
  void softplus(const Node& node);
  void elementwise(const Node& node);

  [[noreturn]] void refuse_repeated(const Node& node) const;
  const Known& value(const Node& node, int input) const;
  [[nodiscard]] const Shape& image(const Node& node) const;
  /// Adds the layer of an operator whose inputs are the first `count` ones. @param arrays in the order of the
  /// op's tensors. @param output the value that it gives, if not the operator's own.
  void layer(const Node& node, Operation op, std::vector<GraphReader::Floats> arrays = {},
             const std::string& output = {}, int count = 1);
  /// The same for a value. @param from names of the values that the layer reads.
  void layer_of(const Node& node, Operation op, const std::vector<std::string>& from,
                std::vector<GraphReader::Floats> arrays, const std::string& output);
  /// Gives a value its activation: to the layer before, where nothing else reads that.
  /// @param reads how many operators of the activation read it.
  void activate(const Node& node, const std::string& from, Activation activation, const std::string& output,
                int reads = 1);
  [[nodiscard]] Placed placed(const Node& node, const Shape& x, Window window) const;
  /// Adds a layer of zeros where the window's own padding is not what the operator asks.
  /// @returns the value that the window then reads.
  std::string padded(const Node& node, const Placed& what);
  [[nodiscard]] std::vector<double> per_channel(const Node& node, const GraphReader::Floats& numbers) const;
  [[nodiscard]] std::string unique_name(const std::string& wanted) const;
  void gated(const Node& node, const std::string& x, const std::string& gate, Activation alone,
             Activation with_gate);

  GraphReader& in_;
  std::map<std::string, Known> known_;
  std::vector<LayerSpec> layers_;
  std::vector<WeightArray> arrays_;
  std::map<std::string, bool> names_;
  std::string last_;  ///< The value of the last operator.
};

}  // namespace svhn::model::onnx_file
