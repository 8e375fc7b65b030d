#include "formats/pickle/numpy.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "formats/pickle/column.h"
#include "formats/pickle/globals.h"
#include "unit/formats/pickle/builder.h"

namespace svhn::formats {
namespace {

using namespace std::string_literals;
using test::as_bytes;
using test::PickleBuilder;
using Scalars = std::vector<PickledScalar>;

PickleOptions options() {
  PickleOptions out;
  out.file = "x.pkl";
  out.globals = frame_globals();
  return out;
}

std::string refusal(const std::string& text) {
  try {
    const Pickle pickle(as_bytes(text), options());
    static_cast<void>(read_numpy(pickle, pickle.root()));
  } catch (const core::Error& error) {
    return error.what();
  }
  return "accepted";
}

Scalars column(const std::string& text, std::optional<std::int64_t> count) {
  const Pickle pickle(as_bytes(text), options());
  return ColumnReader(pickle).read(pickle.root(), count);
}

std::string column_refusal(const std::string& text, std::optional<std::int64_t> count) {
  try {
    column(text, count);
  } catch (const core::Error& error) {
    return error.what();
  }
  return "accepted";
}

/// A numpy dtype with a byte order in its state, and an array by _reconstruct with the given data opcodes.
std::string reconstructed(const std::string& type, const char* order, std::int64_t length,
                          const std::string& data) {
  PickleBuilder builder;
  builder.global("numpy.core.multiarray", "_reconstruct").global("numpy", "ndarray").number(0).raw("\x85");
  builder.bytes("b").raw("\x87R(").number(1).number(length).raw("\x85");
  builder.global("numpy", "dtype").raw("(").text(type).raw("\x89\x88tR(").number(3).text(order).raw("tb\x89");
  return builder.raw(data).raw("tb").stop();
}

TEST(PickledArray, DecodesEveryElementType) {
  const auto one = [](const std::string& type, const char* order, const std::string& data) {
    PickleBuilder bytes;
    const std::string opcodes = bytes.bytes(data).stop();
    return column(reconstructed(type, order, 1, opcodes.substr(2, opcodes.size() - 3)), 1).at(0);
  };
  EXPECT_EQ(one("u1", "|", "\xc8"), PickledScalar(std::int64_t{200}));
  EXPECT_EQ(one("i1", "|", "\xff"), PickledScalar(std::int64_t{-1}));
  EXPECT_EQ(one("i2", "<", "\x2c\x01"), PickledScalar(std::int64_t{300}));
  EXPECT_EQ(one("i2", ">", "\x01\x2c"), PickledScalar(std::int64_t{300}));
  EXPECT_EQ(one("u4", "<", "\xff\xff\xff\xff"), PickledScalar(std::int64_t{4294967295}));
  EXPECT_EQ(one("i8", "<", std::string(8, '\xff')), PickledScalar(std::int64_t{-1}));
  EXPECT_EQ(one("f4", "<", "\x00\x00\xc0\x3f"s), PickledScalar(1.5));
  EXPECT_EQ(one("f8", ">", "\x3f\xf8\x00\x00\x00\x00\x00\x00"s), PickledScalar(1.5));
  EXPECT_EQ(one("f4", "<", "\x00\x00\xc0\x7f"s), PickledScalar());  // NaN
  EXPECT_EQ(one("S3", "|", "ab\x00"s), PickledScalar("ab"s));
  EXPECT_EQ(one("U2", "<", "7\x00\x00\x00\x00\x00\x00\x00"s), PickledScalar("7"s));
  EXPECT_EQ(one("b1", "|", "\x01"), PickledScalar(std::int64_t{1}));
}

TEST(PickledArray, DecodesLatin1AcrossPiecesAndSkips) {
  // 20,000 bytes counting 0..255: 128..255 take two bytes of UTF-8 each.
  std::string plain;
  std::string utf8;
  for (int i = 0; i < 20000; ++i) {
    const int value = i % 256;
    plain.push_back(static_cast<char>(value));
    if (value < 128) {
      utf8.push_back(static_cast<char>(value));
    } else {
      utf8.push_back(static_cast<char>(0xC0 | value >> 6));
      utf8.push_back(static_cast<char>(0x80 | (value & 0x3F)));
    }
  }
  const std::string opcodes = PickleBuilder().latin1(utf8).stop();
  const std::string text = reconstructed("u1", "|", 20000, opcodes.substr(2, opcodes.size() - 3));
  const Pickle pickle(as_bytes(text), options());
  const PickledArray array = read_numpy(pickle, pickle.root());
  for (const std::size_t skipped : {0U, 1U, 127U, 128U, 129U, 255U, 4096U, 9001U, 19999U}) {
    ArrayStream stream(pickle, array);
    stream.skip(skipped);
    const auto rest = stream.next(20000 - skipped);
    EXPECT_EQ(std::memcmp(rest.data(), plain.data() + skipped, rest.size()), 0) << skipped;
  }
}

TEST(PickledArray, RefusesDataThatIsNotLatin1) {
  const std::string opcodes = PickleBuilder().latin1("ab\xe2\x82\xac").stop();  // a euro sign: three bytes
  const std::string text = reconstructed("u1", "|", 3, opcodes.substr(2, opcodes.size() - 3));
  EXPECT_NE(column_refusal(text, 3).find("not Latin-1"), std::string::npos);
}

TEST(PickledArray, RefusesShapesThatTheDataDoesNotFill) {
  constexpr std::int64_t kHuge = std::int64_t{1} << 60;
  EXPECT_EQ(refusal(PickleBuilder().array("u1", {2, 3}, "abcdef").stop()), "accepted");
  EXPECT_NE(refusal(PickleBuilder().array("u1", {2, 3}, "abcde").stop()).find("length that its shape"),
            std::string::npos);
  EXPECT_NE(refusal(PickleBuilder().array("u1", {kHuge}, "a").stop()).find("too large"), std::string::npos);
  EXPECT_NE(refusal(PickleBuilder().array("u1", {kHuge / 4096}, "a").stop()).find("length that"),
            std::string::npos);
  EXPECT_NE(refusal(PickleBuilder().array("u1", {kHuge, kHuge}, "a").stop()).find("too large"),
            std::string::npos);
  EXPECT_NE(refusal(PickleBuilder().array("u1", {-1}, "a").stop()).find("negative"), std::string::npos);
  EXPECT_NE(refusal(PickleBuilder().array("u1", {kHuge, 0}, "").stop()).find("too large"), std::string::npos);
}

TEST(PickledArray, RefusesElementTypesThatAreNoNumbersOrTexts) {
  for (const char* type : {"V8", "M8", "c16", "f2", "S0", "U0", "i3", "u16", "", "f", "i8x", "O8"}) {
    EXPECT_NE(refusal(PickleBuilder().array(type, {1}, "abcdefgh").stop()), "accepted") << type;
  }
}

TEST(ColumnReader, ReadsListsOfPythonValues) {
  const std::string text =
      PickleBuilder().raw("](").text("a").raw("K\x07N\x88G\x3f\xf8").repeat("\0"s, 6).raw("e").stop();
  const Scalars expected{"a"s, std::int64_t{7}, {}, std::int64_t{1}, 1.5};
  EXPECT_EQ(column(text, 5), expected);
}

TEST(ColumnReader, RefusesAnotherCount) {
  const std::string text = PickleBuilder().array("u1", {3}, "abc").stop();
  EXPECT_EQ(column_refusal(text, 3), "accepted");
  EXPECT_NE(column_refusal(text, 4).find("3 values where 4 belong"), std::string::npos);
  const std::string square = PickleBuilder().array("u1", {2, 2}, "abcd").stop();
  EXPECT_NE(column_refusal(square, 4).find("several dimensions"), std::string::npos);
}

TEST(ColumnReader, IsNotTrappedByAnIndexOfItself) {
  // _new_Index(Index, {'data': <itself>}): the memo closes the circle through the dict.
  const std::string text = PickleBuilder()
                               .global("pandas.core.indexes.base", "_new_Index")
                               .global("pandas", "Index")
                               .raw("}\x94\x86R\x94h")
                               .little(0, 1)
                               .text("data")
                               .raw("h")
                               .little(1, 1)
                               .raw("s0")
                               .stop();
  EXPECT_NE(column_refusal(text, 3).find("too deeply"), std::string::npos);
}

TEST(ColumnReader, RefusesARangeThatIsTooLongBeforeItIsMade) {
  const auto range = [](std::int64_t stop) {
    PickleBuilder builder;
    builder.global("pandas.core.indexes.base", "_new_Index").global("pandas", "RangeIndex").raw("}(");
    builder.text("start").number(0).text("stop").number(stop).text("step").number(1);
    return builder.raw("u\x86R").stop();
  };
  EXPECT_EQ(column(range(2), 2), (Scalars{std::int64_t{0}, std::int64_t{1}}));
  EXPECT_NE(column_refusal(range(std::int64_t{1} << 60), {}).find("more than 65536"), std::string::npos);
  EXPECT_NE(column_refusal(range(-1), {}).find("count up"), std::string::npos);
}

TEST(ColumnReader, RefusesACodeWithoutACategory) {
  const auto categorical = [](const std::string& codes) {
    PickleBuilder builder;
    builder.global("pandas", "Categorical")
        .raw(")\x81}(")
        .text("_codes")
        .array("i1", {2}, codes)
        .text("_dtype");
    builder.global("pandas", "CategoricalDtype").raw(")\x81}").text("categories").raw("](");
    builder.text("x").text("y").raw("esbub");
    return builder.stop();
  };
  EXPECT_EQ(column(categorical("\x01\xff"), 2), (Scalars{"y"s, {}}));
  EXPECT_NE(column_refusal(categorical("\x01\x02"), 2).find("code without a category"), std::string::npos);
  EXPECT_NE(column_refusal(categorical("\x01\xfe"), 2).find("code without a category"), std::string::npos);
}

}  // namespace
}  // namespace svhn::formats
