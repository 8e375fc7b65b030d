#pragma once
/// The number format of a network's activations and products.

#include <string>

namespace svhn::core {

/// `automatic` stands in options only: what computes gets one of the others.
enum class Precision { automatic, float32, bfloat16 };

/// @returns "auto", "float32" or "bfloat16".
inline std::string precision_name(Precision precision) {
  if (precision == Precision::automatic) return "auto";
  return precision == Precision::bfloat16 ? "bfloat16" : "float32";
}

}  // namespace svhn::core
