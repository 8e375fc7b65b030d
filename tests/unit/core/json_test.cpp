#include "core/json.h"

#include <gtest/gtest.h>

namespace svhn::core {
namespace {

/// @returns "code|message" of the error that reading throws; "" without an error.
std::string json_refusal(std::string_view text, const JsonLimits& limits = {}) {
  try {
    parse_json_strict(text, "f.json", ExitCode::config, limits);
  } catch (const Error& error) {
    EXPECT_FALSE(error.hint().empty());
    return std::to_string(static_cast<int>(error.code())) + "|" + error.what();
  }
  return "";
}

nlohmann::json json_read(std::string_view text) {
  return parse_json_strict(text, "f.json", ExitCode::config);
}

TEST(ParseJsonStrict, ReadsEveryKindOfValue) {
  const auto document = json_read(R"( {"a": [1, -2, 2.5, 1e3, true, false, null, "é\u00e9"], "b": {}} )");
  EXPECT_EQ(document["a"].dump(), R"([1,-2,2.5,1000.0,true,false,null,"éé"])");
  EXPECT_TRUE(document["b"].is_object());
  EXPECT_EQ(json_read("\xEF\xBB\xBF[]"), nlohmann::json::array());
}

TEST(ParseJsonStrict, KeepsIntegersExact) {
  EXPECT_EQ(json_read("18446744073709551615").get<std::uint64_t>(), 18446744073709551615ULL);
  EXPECT_EQ(json_read("-9223372036854775808").get<std::int64_t>(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(json_refusal("[0, 18446744073709551616]"),
            "3|f.json: /1: the integer 18446744073709551616 does not fit 64 bits");
  EXPECT_EQ(json_refusal(R"({"a":[[7],{"b":-9223372036854775809}]})"),
            "3|f.json: /a/1/b: the integer -9223372036854775809 does not fit 64 bits");
}

TEST(ParseJsonStrict, RefusesDuplicateKeysByPointer) {
  EXPECT_EQ(json_refusal(R"({"a": 1, "a": 1})"), "3|f.json: /a: duplicate key");
  EXPECT_EQ(json_refusal(R"({"x": [{}, {"p/q~": 1, "r": 2, "p/q~": 3}]})"),
            "3|f.json: /x/1/p~1q~0: duplicate key");
  EXPECT_EQ(json_refusal(R"({"a": {"b": 1}, "c": {"b": 1}})"), "");
}

TEST(ParseJsonStrict, NamesLineAndColumnOfSyntaxErrors) {
  EXPECT_EQ(json_refusal("{\n  \"a\": 1,\n}").substr(0, 31), "3|f.json: line 3, column 1: syn");
  EXPECT_EQ(json_refusal("{\"é\" 1}").substr(0, 27), "3|f.json: line 1, column 6:");
  EXPECT_EQ(json_refusal("").substr(0, 27), "3|f.json: line 1, column 1:");
  EXPECT_EQ(json_refusal("[1,\n2").substr(0, 27), "3|f.json: line 2, column 2:");
}

TEST(ParseJsonStrict, RefusesWhatStrictJsonDoesNotHave) {
  for (const char* text :
       {"[1,]", "{\"a\":1,}", "// x\n1", "/* x */ 1", "NaN",      "[Infinity]", "-Infinity",
        "1 2",  "{} x",       "'a'",     "{a:1}",     "01",       "+1",         ".5",
        "1.",   "0x10",       "[1e999]", "-1e999",    "\"a\nb\"", "tru"}) {
    EXPECT_NE(json_refusal(text), "") << text;
  }
  EXPECT_EQ(json_refusal("1e999"), "3|f.json: line 1, column 5: number overflow parsing '1e999'");
}

TEST(ParseJsonStrict, LooksBehindANulByte) {
  EXPECT_EQ(json_refusal(std::string_view("{}\n\0x", 5)), "3|f.json: line 2, column 1: a NUL byte");
}

TEST(ParseJsonStrict, RefusesIllFormedUtf8AndKeepsItOutOfTheMessage) {
  // Overlong, lone continuation, surrogate, above U+10FFFF, truncated.
  for (const char* bytes : {"\xC0\xAF", "\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"}) {
    const std::string message = json_refusal("[\"" + std::string(bytes) + "\"]");
    EXPECT_NE(message, "");
    EXPECT_TRUE(is_utf8(message));
  }
  EXPECT_NE(json_refusal(R"(["\ud800"])"), "");
}

TEST(ParseJsonStrict, BoundsDepthLengthAndCount) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(json_refusal(nested(64)), "");
  EXPECT_EQ(json_refusal(nested(65)), "3|f.json: nested deeper than 64 levels");
  EXPECT_EQ(json_refusal(std::string(100'000, '[')), "3|f.json: nested deeper than 64 levels");
  EXPECT_EQ(json_refusal("[1,2]", {.max_bytes = 4}),
            "3|f.json: has 5 bytes, more than the 4 that are read as JSON");
  EXPECT_EQ(json_refusal("[1,2]", {.max_values = 2}), "3|f.json: holds more than 2 values");
  EXPECT_EQ(json_refusal("[1,2]", {.max_bytes = 5, .max_values = 3}), "");
}

TEST(ParseJsonStrict, KeepsMessagesShortAndOnOneLine) {
  const std::string message =
      json_refusal("{\"" + std::string(100'000, 'k') + "\": 1, \"\\n\": \"" + std::string(100'000, 'x'));
  EXPECT_LT(message.size(), 500U);
  EXPECT_EQ(json_refusal("{\"a\\nb\":1,\"a\\nb\":2}"), "3|f.json: /a?b: duplicate key");
  EXPECT_LT(json_refusal(std::string(100'000, '9')).size(), 500U);
}

TEST(ReadJsonFile, NamesAMissingFile) {
  try {
    read_json_file("/nonexistent/f.json", ExitCode::model);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::model);
    EXPECT_STREQ(error.what(), "cannot read '/nonexistent/f.json': No such file or directory");
  }
}

TEST(JsonDiff, NamesEachValueThatDiffers) {
  const auto text = [](const char* before, const char* after) {
    std::string found;
    for (const auto& d : json_diff(nlohmann::json::parse(before), nlohmann::json::parse(after))) {
      found += d.pointer + ": " + d.before + " > " + d.after + "; ";
    }
    return found;
  };
  EXPECT_EQ(text(R"({"b": [1, 2], "a": {"x/y": "s"}})", R"({"b": [1, 2.0], "a": {"x/y": "s"}})"), "");
  EXPECT_EQ(text(R"({"b": [1, 2], "a": "s"})", R"({"0": {"c": true}, "b": [1, 3, 4]})"),
            R"(/a: "s" > nothing; /b/1: 2 > 3; /0/c: nothing > true; /b/2: nothing > 4; )");
  EXPECT_EQ(text(R"({"a": {"x/y": 1}, "b": null})", R"({"a": {"x/y": 2}, "b": []})"), "/a/x~1y: 1 > 2; ");
}

TEST(IsUtf8, FollowsTheUnicodeTable) {
  for (const char* good : {"", "a", "\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_utf8(good));
  }
  for (const char* bad : {"\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
                          "\xF5\x80\x80\x80", "\xFF", "\xC2", "\xE2\x82", "\xE2\x28\xA1", "\xF0\x90\x80"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

TEST(Printable, ReplacesAndShortens) {
  EXPECT_EQ(printable("a\nb\x7F\x80é"), "a?b??é");
  EXPECT_EQ(printable("abcdef", 3), "abc…");
  EXPECT_EQ(printable("abc", 3), "abc");
}

/// Unicode, chapter 23: C1 controls (CSI is U+009B), directional formatting characters, separators.
TEST(Printable, ReplacesWhatMovesTextOnATerminal) {
  for (const char* hidden :
       {"\x1B", "\x07", "\r", "\t", "\xC2\x80", "\xC2\x9B", "\xC2\x9F", "\xD8\x9C", "\xE2\x80\x8E",
        "\xE2\x80\x8F", "\xE2\x80\xA8", "\xE2\x80\xAE", "\xE2\x81\xA6", "\xE2\x81\xA9"}) {
    EXPECT_EQ(printable("a" + std::string(hidden) + "b"), "a?b");
    EXPECT_EQ(printable_lines("a" + std::string(hidden) + "b"), "a?b");
  }
  for (const char* shown : {"\xC2\xA0", "\xD8\x9B", "\xE2\x80\x8D", "\xE2\x80\xA7", "\xE2\x80\xAF",
                            "\xE2\x81\xA5", "\xE2\x81\xAA", "\xF0\x9F\x98\x80"}) {
    EXPECT_EQ(printable(shown), shown);
  }
}

TEST(PrintableLines, KeepsLinesAndLength) {
  const std::string text = std::string(5000, 'x') + "\né\n";
  EXPECT_EQ(printable_lines(text), text);
  EXPECT_EQ(printable_lines("a\xFF\x1B[31m\n"), "a??[31m\n");
}

TEST(JsonText, EscapesWhatPrintableReplaces) {
  const std::string name = "a\x1B\x7F\xC2\x9B\xE2\x80\xAE\xC3\xA9";
  EXPECT_EQ(json_text({{"n", name}}), "{\n  \"n\": \"a\\u001b\\u007f\\u009b\\u202e\xC3\xA9\"\n}\n");
  EXPECT_EQ(nlohmann::json::parse(json_text({{"n", name}}))["n"], name);
}

TEST(JsonText, NeverThrowsOnIllFormedText) {
  EXPECT_EQ(json_text({{"a", "\xFF"}}), "{\n  \"a\": \"\uFFFD\"\n}\n");
}

}  // namespace
}  // namespace svhn::core
