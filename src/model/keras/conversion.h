#pragma once
/// Converts a Keras model call by call. A row of the table below says how a class is converted; its function
/// builds ops with the interface of `KerasConversion`.

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/keras/arrays.h"
#include "model/keras/import.h"
#include "model/keras/topology.h"
#include "model/keras/value.h"

namespace svhn::model {

class KerasConversion;

/// A class of layers.
struct KerasClass {
  std::string_view name;
  void (*convert)(KerasConversion&);
  std::span<const KerasVariable> variables = {};  ///< In Keras' order.
  const char* remark = "";                        ///< For the functions `leave_out` and `not_read`.
};

/// @returns the row of a class, or nullptr when it is not read.
const KerasClass* find_keras_class(std::string_view name);

class KerasConversion {
 public:
  /// @param major Keras' version, 2 or 3.
  KerasConversion(const KerasTopology& topology, KerasArrays& arrays, int major);

  /// Converts all calls.
  /// @throws core::Error(model) naming the layer that cannot be converted.
  KerasModel run();

  // For the rows' functions: the call that is converted now.
  [[nodiscard]] const KerasLayer& layer() const { return call_->layer; }
  [[nodiscard]] const KerasClass& row() const { return *row_; }
  [[nodiscard]] int keras_major() const { return major_; }
  [[nodiscard]] std::size_t input_count() const { return call_->inputs.size(); }
  /// @returns what the call reads. A flat input of the network is flattened here first.
  const KerasValue& input(std::size_t index = 0);
  /// @returns the input as it is.
  [[nodiscard]] const KerasValue& raw_input() const { return values_[call_->inputs.front()]; }
  /// Refuses an input that is not an image (rank 3) or a vector (rank 1).
  void need_rank(std::size_t rank);
  /// @returns the layer's variables in PyTorch's layout, those of a vector's elements in the order here.
  std::vector<WeightArray> read_variables();

  /// Adds a layer that reads the call's inputs; where it has tensors they are the layer's variables.
  void push(Operation op);
  /// Adds a layer with these tensors; a missing scale is 1, a missing offset 0.
  void push(Operation op, std::vector<WeightArray> arrays);
  /// Adds a layer without tensors that reads the only input as it is, a flat input of the network included.
  void push_raw(Operation op);
  /// Adds a layer that keeps its input's shape and the meaning of its elements.
  void push_elementwise(Operation op);
  /// Adds another layer behind the one added last. @param suffix of its name.
  void push_behind(Operation op, const std::string& suffix);
  /// Changes what the call gives.
  [[nodiscard]] KerasValue& result() { return values_.back(); }
  /// Lets the call give its input.
  void pass_input();
  void note(const std::string& text) { model_.notes.push_back(text); }

 private:
  void set_input();
  void flatten_input();
  void convert(const KerasCall& call);
  std::size_t convert_submodel(const KerasSubmodel& submodel);
  void check_policy();
  void add_layer(Operation op, std::vector<WeightArray> arrays, const std::vector<std::string>& inputs,
                 const std::vector<Shape>& shapes, const std::string& suffix);
  void add_arrays(const std::string& name, const OpPlan& plan, std::vector<WeightArray> arrays);
  [[nodiscard]] std::string call_suffix() const;
  std::string layer_name(const std::string& suffix);
  std::string unique_name(const std::string& wanted);
  void finish();

  const KerasTopology& topology_;
  KerasArrays& arrays_;
  int major_;
  KerasModel model_;
  std::vector<KerasValue> values_;  // As KerasCall::inputs counts.
  std::set<std::string> names_;
  std::map<std::string, std::size_t> numbers_;  // Of names that are wanted several times.
  std::vector<std::string> renamed_;            // What to tell of layers whose name changes.
  const KerasCall* call_ = nullptr;
  const KerasClass* row_ = nullptr;
  bool noted_policy_ = false;
};

/// Reads a model inside the model that is a backbone by its name, its layers and its arrays' shapes.
/// @param layer its name is set; its op becomes the backbone.
/// @param tensors get its arrays, named `<layer>.<node>.<role>`.
/// @returns the shape that it gives; empty, with `layer` and `tensors` unchanged, when it is none.
Shape read_keras_backbone(const KerasTopology& topology, const KerasSubmodel& submodel, const Shape& input,
                          KerasArrays& arrays, LayerSpec& layer, std::vector<WeightArray>& tensors);

}  // namespace svhn::model
