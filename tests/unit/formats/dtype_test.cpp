#include "formats/dtype.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace svhn::formats {
namespace {

// Names and sizes: the table of dtypes in the safetensors README.
const std::map<std::string, std::size_t> kPublished{
    {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"U16", 2}, {"I16", 2}, {"F16", 2}, {"U32", 4},
    {"I32", 4},  {"F32", 4}, {"U64", 8}, {"I64", 8}, {"F64", 8}, {"BF16", 2}};

TEST(DType, HasThePublishedNamesAndSizes) {
  for (const auto& [name, size] : kPublished) {
    const auto dtype = dtype_from_safetensors_name(name);
    ASSERT_TRUE(dtype.has_value()) << name;
    EXPECT_EQ(item_size(*dtype), size) << name;
    EXPECT_EQ(safetensors_name(*dtype), name);
  }
}

TEST(DType, KnowsNoOtherName) {
  for (const char* name : {"", "f32", "F8_E4M3", "F32 ", "U128"}) {
    EXPECT_EQ(dtype_from_safetensors_name(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace svhn::formats
