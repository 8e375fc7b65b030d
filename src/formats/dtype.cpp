#include "formats/dtype.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/error.h"

namespace svhn::formats {
namespace {

struct Row {
  DType dtype;
  std::size_t size;
  std::string_view name;
};

constexpr std::array<Row, 13> kDTypes{{{DType::boolean, 1, "BOOL"},
                                       {DType::u8, 1, "U8"},
                                       {DType::i8, 1, "I8"},
                                       {DType::u16, 2, "U16"},
                                       {DType::i16, 2, "I16"},
                                       {DType::u32, 4, "U32"},
                                       {DType::i32, 4, "I32"},
                                       {DType::u64, 8, "U64"},
                                       {DType::i64, 8, "I64"},
                                       {DType::f16, 2, "F16"},
                                       {DType::bf16, 2, "BF16"},
                                       {DType::f32, 4, "F32"},
                                       {DType::f64, 8, "F64"}}};

const Row& row_of(DType dtype) {
  const auto* found = std::ranges::find(kDTypes, dtype, &Row::dtype);
  if (found == kDTypes.end()) {
    const auto number = std::to_string(static_cast<int>(dtype));
    throw core::Error(core::ExitCode::bug, "no element type has the number " + number);
  }
  return *found;
}

}  // namespace

std::size_t item_size(DType dtype) {
  return row_of(dtype).size;
}

std::string_view safetensors_name(DType dtype) {
  return row_of(dtype).name;
}

std::optional<DType> dtype_from_safetensors_name(std::string_view name) {
  const auto* found = std::ranges::find(kDTypes, name, &Row::name);
  if (found == kDTypes.end()) return std::nullopt;
  return found->dtype;
}

}  // namespace svhn::formats
