#pragma once
/// Reads the messages of an ONNX file and checks what they say before anything is made of it.

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "model/ops/shape.h"

namespace svhn::model::onnx_file {

/// @returns the model of a file.
/// @throws core::Error(model) when it is missing, damaged or too large, or when it holds what `svhn export`
/// never writes: functions, training, sparse arrays, other sets of operators.
onnx::ModelProto read_model(const std::filesystem::path& path);

/// @returns the shortest decimal number that rounds to this one: 0.001 for the float32 nearest to it.
double as_written(float number);

/// A graph's arrays and operators; errors name the file and the operator.
class GraphReader {
 public:
  /// @param model must stay valid.
  GraphReader(const onnx::ModelProto& model, std::string source);

  [[nodiscard]] const std::string& source() const { return source_; }
  [[nodiscard]] const onnx::GraphProto& graph() const { return graph_; }

  /// @returns the next operator, which is then done. @throws core::Error(model) at the end.
  const onnx::NodeProto& take();
  /// The same, and refuses an operator of another type or of other inputs.
  const onnx::NodeProto& take(std::string_view type, const std::vector<std::string>& inputs);
  [[nodiscard]] bool at_end() const { return next_ == graph_.node_size(); }
  /// @returns the operator that is next. @throws core::Error(model) at the end.
  [[nodiscard]] const onnx::NodeProto& peek() const;
  /// @param ahead how many operators stand between.
  /// @returns whether the next operator is of this type and reads these values, and then nothing but arrays.
  [[nodiscard]] bool next_is(std::string_view type, const std::vector<std::string>& inputs,
                             int ahead = 0) const;

  /// @returns whether an array has that name.
  [[nodiscard]] bool is_array(const std::string& name) const { return arrays_.contains(name); }
  /// @returns how many operators read a value.
  [[nodiscard]] int readers(const std::string& value) const;

  /// An array of float32; it may be read once.
  struct Floats {
    Shape shape;
    std::vector<float> values;
  };
  Floats floats(const onnx::NodeProto& node, int input);
  /// @returns the number of an array of one, see `as_written`.
  double number(const onnx::NodeProto& node, int input);
  std::vector<std::int64_t> integers(const onnx::NodeProto& node, int input);

  /// Refuses an operator with other attributes than these.
  void allow(const onnx::NodeProto& node, std::initializer_list<std::string_view> names) const;
  [[nodiscard]] std::int64_t integer(const onnx::NodeProto& node, std::string_view name,
                                     std::int64_t preset) const;
  /// @see as_written
  [[nodiscard]] double real(const onnx::NodeProto& node, std::string_view name, double preset) const;
  [[nodiscard]] std::string text(const onnx::NodeProto& node, std::string_view name) const;
  /// @returns a list of `count` integers from `least` to 16,384.
  [[nodiscard]] std::vector<std::int64_t> list(const onnx::NodeProto& node, std::string_view name,
                                               std::vector<std::int64_t> preset, std::int64_t least) const;

  [[noreturn]] void refuse(const onnx::NodeProto& node, const std::string& problem) const;
  [[noreturn]] void refuse(const std::string& problem) const;

 private:
  const onnx::TensorProto& array(const onnx::NodeProto& node, int input, std::int32_t type);
  [[nodiscard]] const onnx::AttributeProto* attribute(const onnx::NodeProto& node, std::string_view name,
                                                      onnx::AttributeProto::AttributeType type) const;

  const onnx::GraphProto& graph_;
  std::string source_;
  int next_ = 0;
  struct Array {
    const onnx::TensorProto* array = nullptr;
    bool read = false;
  };
  std::map<std::string, Array> arrays_;
  std::map<std::string, int> readers_;
};

}  // namespace svhn::model::onnx_file
