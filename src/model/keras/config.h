#pragma once
/// The description of one layer of a Keras model, read strictly. Every refusal names file, layer and class.

#include <array>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/ops/shape.h"

namespace svhn::model {

/// One layer: its class, name and configuration.
class KerasLayer {
 public:
  /// @param file its name in messages. @param scope names of the models that hold the layer, outermost first.
  /// @param layer an object with "class_name" and "config".
  /// @throws core::Error(model) when it is none.
  KerasLayer(const std::string& file, std::vector<std::string> scope,
             std::shared_ptr<const nlohmann::json> layer);

  [[nodiscard]] const std::string& type() const { return type_; }  ///< "Dense", "Conv2D" …
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<std::string>& scope() const { return scope_; }
  [[nodiscard]] const nlohmann::json& config() const { return (*layer_)["config"]; }
  [[nodiscard]] const nlohmann::json& description() const { return *layer_; }  ///< With "inbound_nodes".
  /// @returns whether it is an operation of keras.ops, such as x + y, and no layer.
  [[nodiscard]] bool is_operation() const;
  /// @returns "layer 'NAME' (TYPE)"; inside another model the name is 'MODEL/NAME'.
  [[nodiscard]] std::string title() const;
  void set_title(const std::string& title) { title_ = title; }

  /// @throws core::Error(model) "'FILE': <title>: <what>", always.
  [[noreturn]] void refuse(const std::string& what, const std::string& hint = {}) const;
  /// @returns whether the key exists and is not null.
  [[nodiscard]] bool has(const char* key) const;
  /// Each of the following refuses a value of another type or outside its range.
  [[nodiscard]] std::int64_t integer(const char* key) const;  ///< From 1 to 1,000,000.
  [[nodiscard]] double number(const char* key, double least, double most) const;
  [[nodiscard]] bool boolean(const char* key, bool absent) const;
  [[nodiscard]] std::string text(const char* key, const char* absent) const;
  /// @returns one number, or those of a list, lists inside it included; empty when the key is absent.
  [[nodiscard]] std::vector<double> numbers(const char* key) const;
  /// @returns height and width, given as 3 or [3,5].
  [[nodiscard]] std::array<std::int64_t, 2> sides(const char* key, std::int64_t absent) const;
  /// @returns a size that is equal in both dimensions, given as 3 or [3,3].
  [[nodiscard]] std::int64_t square(const char* key, std::int64_t absent) const;
  /// @returns pixels at top, bottom, left and right, given as 1, [1,2] or [[1,2],[3,4]].
  [[nodiscard]] std::array<std::int64_t, 4> borders(const char* key) const;
  /// @returns whether "axis" is the last one of `rank` dimensions (without the batch); absent counts as last.
  [[nodiscard]] bool is_last_axis(std::size_t rank) const;
  /// @returns the input shape without the batch, from [null, …]; 0 for a side of an image that is left open;
  /// empty when the key is absent.
  [[nodiscard]] Shape batch_shape() const;
  /// @param count elements of the input. @returns Reshape's target shape, -1 resolved.
  [[nodiscard]] Shape target_shape(std::int64_t count) const;

 private:
  [[nodiscard]] std::int64_t pixels(const nlohmann::json& value, const char* key) const;

  std::string file_;
  std::vector<std::string> scope_;
  std::shared_ptr<const nlohmann::json> layer_;
  std::string type_;
  std::string name_;
  std::string title_;
};

/// @returns the text under a key of an object; empty when it is absent or not a text.
std::string text_of(const nlohmann::json& object, const char* key);

/// @param shape a list such as [null,32,32,3]. @returns the shape without the batch; empty unless it is
/// fixed.
Shape fixed_shape(const nlohmann::json& shape);

}  // namespace svhn::model
