#pragma once
/// Element types of arrays in files, and their conversion to float32.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace svhn::formats {

enum class DType { boolean, u8, i8, u16, i16, u32, i32, u64, i64, f16, bf16, f32, f64 };

/// @returns the size of one element, bytes.
std::size_t item_size(DType dtype);
/// @returns the safetensors name: BOOL U8 I8 U16 I16 U32 I32 U64 I64 F16 BF16 F32 F64.
std::string_view safetensors_name(DType dtype);
/// @returns the element type with that safetensors name, or nullopt when there is none.
std::optional<DType> dtype_from_safetensors_name(std::string_view name);

/// @param bytes little-endian elements of `dtype`; the length is a multiple of the element size.
/// @returns the elements as float32: exact for f16, bf16 and f32, rounded to nearest for the others.
std::vector<float> to_floats(DType dtype, std::span<const std::byte> bytes);

}  // namespace svhn::formats
