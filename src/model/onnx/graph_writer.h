#pragma once
/// Adds operators and arrays to an ONNX graph. A value is named after the operator that gives it.
/// @see https://onnx.ai/onnx/repo-docs/IR.html

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace svhn::model::onnx_file {

/// An attribute of an operator.
struct Attribute {
  const char* name;
  std::variant<std::int64_t, float, std::vector<std::int64_t>, const char*> value;
};

/// An operator without its name and its inputs.
struct Operator {
  const char* type;
  std::vector<Attribute> attributes{};
};

class GraphWriter {
 public:
  explicit GraphWriter(onnx::GraphProto& graph) : graph_(graph) {}

  /// Adds an operator with one output.
  /// @param name unique. @returns the name of its output.
  std::string add(const Operator& op, const std::string& name, const std::vector<std::string>& inputs);
  /// The same, for an output of the whole graph.
  void add_output(const Operator& op, const std::string& output, const std::vector<std::string>& inputs);

  /// Adds an array. @returns its name.
  std::string floats(const std::string& name, const std::vector<std::int64_t>& shape,
                     std::span<const float> values);
  std::string integers(const std::string& name, const std::vector<std::int64_t>& values);
  /// Adds a number without dimensions. @returns its name.
  std::string number(const std::string& name, double value);

  /// Describes an input or an output of the graph: [N, sizes...].
  static void describe(onnx::ValueInfoProto& info, const std::string& name, std::int32_t type,
                       const std::vector<std::int64_t>& sizes);

 private:
  onnx::TensorProto& array(const std::string& name, const std::vector<std::int64_t>& shape, std::int32_t type,
                           std::span<const std::byte> bytes);

  onnx::GraphProto& graph_;
};

}  // namespace svhn::model::onnx_file
