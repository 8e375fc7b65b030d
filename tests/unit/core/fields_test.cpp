#include "core/fields.h"

#include <gtest/gtest.h>

#include "core/fields_json.h"
#include "core/json.h"

namespace svhn::core {
namespace {

enum class Colour { red, green };
constexpr std::array<Name<Colour>, 2> kColours{{{Colour::red, "red"}, {Colour::green, "green"}}};
constexpr std::array<std::string_view, 2> kWords{"alpha", "beta"};

struct Part {
  double weight = 1.0;
};

struct Sample {
  std::int64_t count = 3;
  std::uint64_t seed = 1;
  double rate = 0.5;
  bool fast = false;
  std::string title = "x";
  std::string word = "beta";
  Colour colour = Colour::green;
  Part part;
  std::optional<Part> spare;
  std::optional<std::int64_t> limit;
  std::vector<Colour> palette;
};

void describe_part(Fields& f, Part& part) {
  f.number({"weight", "Weight."}, part.weight, above(0.0, 2.0));
}

void describe_sample(Fields& f, Sample& s) {
  f.integer({"count", "Count.", Need::required}, s.count, {1, 10});
  f.natural({"seed", "Seed."}, s.seed);
  f.number({"rate", "Rate."}, s.rate, below(0.0, 1.0));
  f.boolean({"fast", "Fast."}, s.fast);
  f.text({"title", "Title."}, s.title, {5, "[a-z]+", "small letters"});
  f.choice({"word", "Word."}, s.word, kWords);
  f.choice({"colour", "Colour."}, s.colour, kColours);
  f.object({"part", "Part."}, s.part, describe_part);
  f.optional({"spare", "Spare."}, s.spare,
             [](Visitor& v, Part& part) { v.object([&](Fields& inner) { describe_part(inner, part); }); });
  f.optional({"limit", "Limit."}, s.limit, [](Visitor& v, std::int64_t& limit) { v.integer(limit, {0, 9}); });
  f.list({"palette", "Palette."}, s.palette, {0, 2}, [](Visitor& v, Colour& c) { choose(v, c, kColours); });
  f.check(s.palette.size() != 2 || s.palette[0] != s.palette[1], "palette/1", "the same colour twice");
}

Describe describe(Sample& sample) {
  return [&](Visitor& v) { v.object([&](Fields& f) { describe_sample(f, sample); }); };
}

Sample read(std::string_view text, const std::string& note = "") {
  Sample sample;
  Problems problems("s.json");
  if (!note.empty()) problems.note(note, "--set it");
  read_fields(parse_json_strict(text, "s.json", ExitCode::config), describe(sample), problems);
  problems.throw_if_any(ExitCode::config, "a hint");
  return sample;
}

std::string refusal(std::string_view text, const std::string& note = "") {
  try {
    read(text, note);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::config);
    EXPECT_EQ(error.hint(), "a hint");
    return error.what();
  }
  return "";
}

TEST(ReadFields, LeavesDefaultsWhereKeysAreAbsent) {
  const Sample sample = read(R"({"count": 7})");
  EXPECT_EQ(sample.count, 7);
  EXPECT_EQ(sample.rate, 0.5);
  EXPECT_EQ(sample.colour, Colour::green);
  EXPECT_FALSE(sample.spare.has_value());
}

TEST(ReadFields, ReadsEveryKind) {
  const Sample sample =
      read(R"({"count": 1, "seed": 18446744073709551615, "rate": 0, "fast": true, "title": "abc",
      "word": "alpha", "colour": "red", "part": {"weight": 2}, "spare": {}, "limit": 0, "palette": ["red", "green"]})");
  EXPECT_EQ(sample.seed, 18446744073709551615ULL);
  EXPECT_EQ(sample.rate, 0.0);
  EXPECT_TRUE(sample.fast);
  EXPECT_EQ(sample.title, "abc");
  EXPECT_EQ(sample.word, "alpha");
  EXPECT_EQ(sample.colour, Colour::red);
  EXPECT_EQ(sample.part.weight, 2.0);
  EXPECT_EQ(sample.spare.value().weight, 1.0);
  EXPECT_EQ(sample.limit, 0);
  EXPECT_EQ(sample.palette, (std::vector{Colour::red, Colour::green}));
}

TEST(ReadFields, RefusesWrongTypes) {
  const std::string expected = "s.json: /count: expected an integer from 1 to 10, found ";
  EXPECT_EQ(refusal(R"({"count": 2.9})"), expected + "2.9");
  EXPECT_EQ(refusal(R"({"count": 2.0})"), expected + "2.0");
  EXPECT_EQ(refusal(R"({"count": true})"), expected + "true");
  EXPECT_EQ(refusal(R"({"count": "2"})"), expected + "the text '2'");
  EXPECT_EQ(refusal(R"({"count": null})"), expected + "null");
  EXPECT_EQ(refusal(R"({"count": [2]})"), expected + "a list");
  EXPECT_EQ(refusal(R"({"count": {}})"), expected + "an object");
  EXPECT_EQ(refusal(R"({"count": 1, "fast": 1})"), "s.json: /fast: expected true or false, found 1");
  EXPECT_EQ(refusal(R"({"count": 1, "part": 1})"), "s.json: /part: expected an object, found 1");
  EXPECT_EQ(refusal("[]"), "s.json: expected an object, found a list");
}

TEST(ReadFields, RefusesValuesOutOfRange) {
  EXPECT_EQ(refusal(R"({"count": 0})"),
            "s.json: /count: 0 is out of range, expected an integer from 1 to 10");
  // 2^63 must not wrap to a negative number.
  EXPECT_EQ(refusal(R"({"count": 9223372036854775808})"),
            "s.json: /count: 9223372036854775808 is out of range, expected an integer from 1 to 10");
  EXPECT_EQ(refusal(R"({"count": 1, "seed": -1})"),
            "s.json: /seed: -1 is out of range, expected an integer from 0 to 18446744073709551615");
  EXPECT_EQ(refusal(R"({"count": 1, "rate": 1})"),
            "s.json: /rate: 1 is out of range, expected a number of at least 0.0 and below 1.0");
  EXPECT_EQ(refusal(R"({"count": 1, "part": {"weight": 0}})"),
            "s.json: /part/weight: 0 is out of range, expected a number above 0.0 and at most 2.0");
  EXPECT_EQ(refusal(R"({"count": 1, "limit": 10})"),
            "s.json: /limit: 10 is out of range, expected an integer from 0 to 9");
}

TEST(ReadFields, RefusesTextsOutsideTheirRule) {
  EXPECT_EQ(refusal(R"({"count": 1, "title": "A"})"),
            "s.json: /title: expected small letters, found the text 'A'");
  EXPECT_EQ(refusal(R"({"count": 1, "title": ""})"),
            "s.json: /title: expected a text that is not empty, found the text ''");
  EXPECT_EQ(refusal(R"({"count": 1, "title": "abcdef"})"),
            "s.json: /title: expected a text of at most 5 bytes, found the text 'abcdef'");
  EXPECT_EQ(refusal(R"({"count": 1, "title": "a\u0000"})"),
            "s.json: /title: expected a text without control characters, found the text 'a?'");
}

TEST(ReadFields, SuggestsTheNameThatWasMeant) {
  EXPECT_EQ(refusal(R"({"count": 1, "colur": "red"})"),
            "s.json: /colur: unknown key; did you mean 'colour'?");
  EXPECT_EQ(refusal(R"({"count": 1, "colour": "gren"})"),
            "s.json: /colour: unknown value 'gren'; did you mean 'green'?");
  EXPECT_EQ(refusal(R"({"count": 1, "colour": "mauve"})"),
            "s.json: /colour: unknown value 'mauve'; expected one of red, green");
  EXPECT_EQ(refusal(R"({"count": 1, "zzz": 1})"), "s.json: /zzz: unknown key");
}

TEST(ReadFields, TellsEveryProblemAtOnce) {
  EXPECT_EQ(refusal(R"({"rate": "a", "palette": ["red", "blue"], "x/y": 1})"),
            "s.json: 4 problems: /count: missing, but required; "
            "/rate: expected a number of at least 0.0 and below 1.0, found the text 'a'; "
            "/palette/1: unknown value 'blue'; expected one of red, green; /x~1y: unknown key");
}

TEST(ReadFields, ChecksRulesBetweenKeys) {
  EXPECT_EQ(refusal(R"({"count": 1, "palette": ["red", "red"]})"),
            "s.json: /palette/1: the same colour twice");
  EXPECT_EQ(refusal(R"({"count": 1, "palette": ["red", "red", "red"]})"),
            "s.json: /palette: has 3 elements, expected 0 to 2");
}

TEST(ReadFields, SaysWhereAValueCameFrom) {
  EXPECT_EQ(
      refusal(R"({"count": 1, "part": {"weight": 9}})", "/part"),
      "s.json: /part/weight (--set it): 9 is out of range, expected a number above 0.0 and at most 2.0");
  EXPECT_EQ(refusal(R"({"count": 1, "party": 1})", "/part"),
            "s.json: /party: unknown key; did you mean 'part'?");
}

TEST(WriteFields, WritesEveryKeyInOrderAndReadsBackTheSame) {
  Sample sample =
      read(R"({"count": 1, "seed": 18446744073709551615, "spare": {"weight": 0.1}, "palette": ["red"]})");
  const std::string text = write_fields(describe(sample)).dump();
  EXPECT_EQ(
      text,
      R"({"count":1,"seed":18446744073709551615,"rate":0.5,"fast":false,"title":"x","word":"beta",)"
      R"("colour":"green","part":{"weight":1.0},"spare":{"weight":0.1},"limit":null,"palette":["red"]})");
  Sample again = read(text);
  EXPECT_EQ(write_fields(describe(again)).dump(), text);
}

TEST(FieldsSchema, StatesTypesRangesNamesAndDefaults) {
  Sample sample;
  const auto schema = fields_schema(describe(sample));
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_EQ(schema["required"].dump(), R"(["count"])");
  const auto property = [&](const char* key) { return schema["properties"][key].dump(); };
  EXPECT_EQ(property("count"), R"({"description":"Count.","type":"integer","minimum":1,"maximum":10})");
  EXPECT_EQ(property("rate"),
            R"({"description":"Rate.","type":"number","minimum":0.0,"exclusiveMaximum":1.0,"default":0.5})");
  EXPECT_EQ(property("title"), R"({"description":"Title.","type":"string","minLength":1,"maxLength":5,)"
                               R"("pattern":"^[a-z]+$","default":"x"})");
  EXPECT_EQ(property("colour"),
            R"({"description":"Colour.","type":"string","enum":["red","green"],"default":"green"})");
  EXPECT_EQ(
      property("limit"),
      R"({"description":"Limit.","anyOf":[{"type":"integer","minimum":0,"maximum":9},{"type":"null"}],"default":null})");
  EXPECT_EQ(property("palette"), R"({"description":"Palette.","type":"array","minItems":0,"maxItems":2,)"
                                 R"("items":{"type":"string","enum":["red","green"]},"default":[]})");
  EXPECT_EQ(schema["properties"].size(), 11U);
}

TEST(FieldsSchema, ListsTheKeysOfAChoiceThatIsNotMade) {
  std::string word;
  bool any = false, beta = false;
  const auto document = [&](Visitor& v) {
    v.object([&](Fields& f) {
      f.choice({"word", "Word.", Need::required}, word, kWords);
      if (word.empty()) f.boolean({"any", "Of a word to be chosen."}, any);
      if (word == "beta") f.boolean({"beta", "Of beta."}, beta);
    });
  };
  const auto schema = fields_schema(document);
  EXPECT_TRUE(schema["properties"].contains("any"));
  EXPECT_FALSE(schema["properties"].contains("beta"));
  EXPECT_EQ(write_fields(document).dump(), R"({"word":"","any":false})");
}

TEST(NearestName, CountsSlipsAndSwaps) {
  constexpr std::array<std::string_view, 3> kNames{"epochs", "batch_size", "seed"};
  EXPECT_EQ(nearest_name("epoch", kNames), "epochs");
  EXPECT_EQ(nearest_name("batchsize", kNames), "batch_size");
  EXPECT_EQ(nearest_name("sede", kNames), "seed");
  EXPECT_EQ(nearest_name("optimizer", kNames), "");
  EXPECT_EQ(nearest_name(std::string(1000, 's'), kNames), "");
}

}  // namespace
}  // namespace svhn::core
