#pragma once
/// Element types of arrays in files.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace svhn::formats {

enum class DType { boolean, u8, i8, u16, i16, u32, i32, u64, i64, f16, bf16, f32, f64 };

/// @returns bytes of one element.
std::size_t item_size(DType dtype);
/// @returns the safetensors name: BOOL U8 I8 U16 I16 U32 I32 U64 I64 F16 BF16 F32 F64.
std::string_view safetensors_name(DType dtype);
/// @returns the type of that safetensors name, or nothing.
std::optional<DType> dtype_from_safetensors_name(std::string_view name);

}  // namespace svhn::formats
