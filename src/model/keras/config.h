#pragma once
/// Reads the description of a Keras model's layers (attribute `model_config`) strictly.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/plan.h"

namespace svhn::model {

/// One layer: its class, name and configuration.
class KerasLayer {
 public:
  KerasLayer(std::string file, const nlohmann::json& layer);

  [[nodiscard]] const std::string& type() const { return type_; }  ///< "Dense", "Conv2D" …
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const nlohmann::json& config() const { return config_; }

  /// @throws core::Error(model) "'FILE': layer 'NAME' (TYPE): <what>", always.
  [[noreturn]] void refuse(const std::string& what) const;
  /// @returns whether the key exists and is not null.
  [[nodiscard]] bool has(const char* key) const;
  /// Each of the following refuses a value of another type or outside its range.
  [[nodiscard]] std::int64_t integer(const char* key) const;  ///< From 1 to 1,000,000.
  [[nodiscard]] double number(const char* key, double least, double most) const;
  [[nodiscard]] bool boolean(const char* key, bool absent) const;
  [[nodiscard]] std::string text(const char* key, const char* absent) const;
  /// @returns a size that is equal in both dimensions, given as 3 or [3,3].
  [[nodiscard]] std::int64_t square(const char* key, std::int64_t absent) const;
  /// @returns the input shape without the batch, from [null, …]; empty when the key is absent.
  [[nodiscard]] Shape batch_shape() const;
  /// @param count elements of the input. @returns Reshape's target shape, -1 resolved.
  [[nodiscard]] Shape target_shape(std::int64_t count) const;

 private:
  std::string file_;
  std::string type_;
  std::string name_;
  nlohmann::json config_;
};

/// @param file its name in messages. @param text the attribute `model_config`.
/// @returns the layers, first to last.
/// @throws core::Error(model) for a model that is neither Sequential nor a plain chain of layers.
std::vector<KerasLayer> read_keras_config(const std::string& file, const std::string& text);

/// @returns the text under a key of an object; empty when it is absent or not a text.
std::string text_of(const nlohmann::json& object, const char* key);

}  // namespace svhn::model
