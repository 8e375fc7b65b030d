#include "model/onnx/graph_writer.h"

#include <type_traits>

namespace svhn::model::onnx_file {
namespace {

void set_value(onnx::AttributeProto& to, const Attribute& from) {
  to.set_name(from.name);
  std::visit(
      [&](const auto& value) {
        using Value = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, std::int64_t>) {
          to.set_type(onnx::AttributeProto::INT);
          to.set_i(value);
        } else if constexpr (std::is_same_v<Value, float>) {
          to.set_type(onnx::AttributeProto::FLOAT);
          to.set_f(value);
        } else if constexpr (std::is_same_v<Value, const char*>) {
          to.set_type(onnx::AttributeProto::STRING);
          to.set_s(value);
        } else {
          to.set_type(onnx::AttributeProto::INTS);
          to.mutable_ints()->Add(value.begin(), value.end());
        }
      },
      from.value);
}

void fill(onnx::NodeProto& node, const Operator& op, const std::vector<std::string>& inputs) {
  node.set_op_type(op.type);
  for (const std::string& input : inputs) node.add_input(input);
  for (const Attribute& attribute : op.attributes) set_value(*node.add_attribute(), attribute);
}

}  // namespace

std::string GraphWriter::add(const Operator& op, const std::string& name,
                             const std::vector<std::string>& inputs) {
  onnx::NodeProto& node = *graph_.add_node();
  fill(node, op, inputs);
  node.set_name(name);
  node.add_output(name + ":0");
  return name + ":0";
}

void GraphWriter::add_output(const Operator& op, const std::string& output,
                             const std::vector<std::string>& inputs) {
  onnx::NodeProto& node = *graph_.add_node();
  fill(node, op, inputs);
  node.set_name("/output/" + output);
  node.add_output(output);
}

onnx::TensorProto& GraphWriter::array(const std::string& name, const std::vector<std::int64_t>& shape,
                                      std::int32_t type, std::span<const std::byte> bytes) {
  onnx::TensorProto& array = *graph_.add_initializer();
  array.set_name(name);
  array.set_data_type(type);
  for (const std::int64_t size : shape) array.add_dims(size);
  array.set_raw_data(bytes.data(), bytes.size());
  return array;
}

std::string GraphWriter::floats(const std::string& name, const std::vector<std::int64_t>& shape,
                                std::span<const float> values) {
  return array(name, shape, onnx::TensorProto::FLOAT, std::as_bytes(values)).name();
}

std::string GraphWriter::integers(const std::string& name, const std::vector<std::int64_t>& values) {
  return array(name, {static_cast<std::int64_t>(values.size())}, onnx::TensorProto::INT64,
               std::as_bytes(std::span(values)))
      .name();
}

std::string GraphWriter::number(const std::string& name, double value) {
  const auto rounded = static_cast<float>(value);
  return floats(name, {}, {&rounded, 1});
}

void GraphWriter::describe(onnx::ValueInfoProto& info, const std::string& name, std::int32_t type,
                           const std::vector<std::int64_t>& sizes) {
  info.set_name(name);
  onnx::TypeProto::Tensor& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(type);
  tensor.mutable_shape()->add_dim()->set_dim_param("N");
  for (const std::int64_t size : sizes) tensor.mutable_shape()->add_dim()->set_dim_value(size);
}

}  // namespace svhn::model::onnx_file
