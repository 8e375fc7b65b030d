#include "formats/pickle/pickle.h"

#include <gtest/gtest.h>

#include <string>

#include "unit/formats/pickle/builder.h"

namespace svhn::formats {
namespace {

using test::as_bytes;
using test::PickleBuilder;

constexpr PickleGlobal kGlobals[] = {{"shapes", "Circle", 7}, {"shapes", "Square", 8}};

PickleOptions pickle_options() {
  PickleOptions out;
  out.file = "x.pkl";
  out.purpose = "a drawing";
  out.globals = kGlobals;
  return out;
}

/// @returns message and hint of the refusal.
std::string pickle_refusal(const std::string& text, PickleOptions with = pickle_options()) {
  try {
    const Pickle pickle(as_bytes(text), std::move(with));
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::data);
    EXPECT_FALSE(error.hint().empty());
    return std::string(error.what()) + " | " + error.hint();
  }
  return "accepted";
}

TEST(Pickle, ReadsNumbersOfEveryOpcode) {
  // (True, False, None, 200, 65535, -2, 2**40, -1, 1.5) by hand from the opcodes' definitions.
  std::string text("\x80\x02(\x88\x89NK\xc8M\xff\xffJ\xfe\xff\xff\xff", 16);
  text += std::string("\x8a\x06\x00\x00\x00\x00\x00\x01\x8a\x01\xffG\x3f\xf8\x00\x00\x00\x00\x00\x00t.", 22);
  const Pickle pickle(as_bytes(text), pickle_options());
  const auto items = pickle.items(pickle.root());
  ASSERT_EQ(items.size(), 9U);
  EXPECT_TRUE(pickle.boolean(items[0]));
  EXPECT_FALSE(pickle.boolean(items[1]));
  EXPECT_EQ(items[2].kind, PickleKind::none);
  EXPECT_EQ(pickle.integer(items[3]), 200);
  EXPECT_EQ(pickle.integer(items[4]), 65535);
  EXPECT_EQ(pickle.integer(items[5]), -2);
  EXPECT_EQ(pickle.integer(items[6]), std::int64_t{1} << 40);
  EXPECT_EQ(pickle.integer(items[7]), -1);
  EXPECT_DOUBLE_EQ(pickle.floating(items[8]), 1.5);
}

TEST(Pickle, FindsTheLastOfEqualKeys) {
  const std::string text = PickleBuilder().raw("}(").text("a").raw("K\x01").text("a").raw("K\x02u").stop();
  const Pickle pickle(as_bytes(text), pickle_options());
  ASSERT_NE(pickle.find(pickle.root(), "a"), nullptr);
  EXPECT_EQ(pickle.integer(*pickle.find(pickle.root(), "a")), 2);
  EXPECT_EQ(pickle.find(pickle.root(), "b"), nullptr);
}

TEST(Pickle, PacksListsOfBytesUntilSomethingElseComes) {
  const std::string packed = PickleBuilder().raw("](K\x05K\xff").raw("e").stop();
  const Pickle bytes(as_bytes(packed), pickle_options());
  ASSERT_TRUE(bytes.is_packed(bytes.root()));
  EXPECT_EQ(bytes.packed(bytes.root())[1], 255);

  const std::string mixed =
      PickleBuilder().raw("](K\x05K\xff").raw("e(M\x2c\x01").raw("e").stop();  // then 300
  const Pickle numbers(as_bytes(mixed), pickle_options());
  ASSERT_FALSE(numbers.is_packed(numbers.root()));
  ASSERT_EQ(numbers.items(numbers.root()).size(), 3U);
  EXPECT_EQ(numbers.integer(numbers.items(numbers.root())[0]), 5);
  EXPECT_EQ(numbers.integer(numbers.items(numbers.root())[2]), 300);
}

TEST(Pickle, NotesCallsWithArgumentsStateAndAdditions) {
  const std::string text = PickleBuilder()
                               .global("shapes", "Square")
                               .raw(
                                   "K\x03\x85R}b(K\x01K\x02"
                                   "e")
                               .stop();
  const Pickle pickle(as_bytes(text), pickle_options());
  EXPECT_EQ(pickle.callable_kind(pickle.root()), 8);
  EXPECT_EQ(pickle.integer(pickle.items(pickle.arguments(pickle.root()))[0]), 3);
  EXPECT_EQ(pickle.state(pickle.root()).kind, PickleKind::dict);
  EXPECT_EQ(pickle.packed(pickle.root()).size(), 2U);
}

TEST(Pickle, SharesWhatTheMemoShares) {
  const std::string text = PickleBuilder()
                               .raw("]\x94h")
                               .little(0, 1)
                               .raw(
                                   "K\x07"
                                   "a\x86")
                               .stop();
  const Pickle pickle(as_bytes(text), pickle_options());
  for (const PickleValue list : pickle.items(pickle.root())) EXPECT_EQ(pickle.packed(list).size(), 1U);
}

TEST(Pickle, RefusesGlobalsOutsideTheListByName) {
  // cposix\nsystem\n stands at byte 2, directly after PROTO.
  const std::string text = PickleBuilder().global("posix", "system").text("true").raw("\x85R").stop();
  EXPECT_EQ(pickle_refusal(text),
            "'x.pkl': the pickle asks for 'posix.system' (byte 2), which a drawing does not need | "
            "nothing of the file was run");
  const std::string stacked = PickleBuilder().text("os").text("system").raw("\x93").stop();
  EXPECT_NE(pickle_refusal(stacked).find("'os.system' (byte 20)"), std::string::npos);
}

TEST(Pickle, RefusesNamesWithControlCharactersReadably) {
  const std::string text = PickleBuilder().text("o\n\x1b[31ms").text("sy\x01m").raw("\x93").stop();
  EXPECT_NE(pickle_refusal(text).find("'o??[31ms.sy?m'"), std::string::npos);
}

TEST(Pickle, AcceptsPersistentIdsOnlyWhereAllowed) {
  const std::string text = PickleBuilder().text("storage").raw("Q").stop();
  EXPECT_NE(pickle_refusal(text).find("persistent id (byte 14)"), std::string::npos);
  PickleOptions allowing = pickle_options();
  allowing.persistent_ids = true;
  const Pickle pickle(as_bytes(text), allowing);
  EXPECT_EQ(pickle.text(pickle.persistent_id(pickle.root())), "storage");
}

TEST(Pickle, KeepsNestingOffTheCallStack) {
  constexpr std::size_t kDepth = 100000;
  const std::string lists = PickleBuilder().repeat("]", kDepth + 1).repeat("a", kDepth).stop();
  const Pickle nested(as_bytes(lists), pickle_options());
  EXPECT_EQ(nested.items(nested.root()).size(), 1U);
  const std::string tuples = PickleBuilder().raw(")").repeat("\x85", kDepth).stop();
  EXPECT_EQ(Pickle(as_bytes(tuples), pickle_options()).root().kind, PickleKind::tuple);
  EXPECT_NE(pickle_refusal(PickleBuilder().repeat("(", kDepth).stop()).find("not there"), std::string::npos);
}

TEST(Pickle, BoundsWhatObjectsMayCost) {
  constexpr std::size_t kMany = std::size_t{8} << 20;
  for (const char* opcode : {"]", "}", ")", "(", "N", "]\x94"}) {
    EXPECT_NE(pickle_refusal(PickleBuilder().repeat(opcode, kMany).stop()).find("more objects than"),
              std::string::npos)
        << opcode;
  }
}

TEST(Pickle, DoesNotMultiplyWhatAMemoRepeats) {
  // Each list holds the one before ten times: 10^100 elements if they were copied.
  PickleBuilder bomb;
  bomb.raw("]\x94");
  for (int i = 0; i < 100; ++i)
    bomb.raw("](").repeat(std::string("h") + static_cast<char>(i), 10).raw("e\x94");
  const std::string text = bomb.stop();
  const Pickle pickle(as_bytes(text), pickle_options());
  EXPECT_EQ(pickle.items(pickle.root()).size(), 10U);
}

TEST(Pickle, RefusesPromisesBeyondTheFile) {
  constexpr std::uint64_t kHuge = std::uint64_t{1} << 60;
  for (const char* opcode : {"\x8e", "\x96", "\x8d", "\x95"}) {
    const std::string text = PickleBuilder().raw(opcode).little(kHuge, 8).stop();
    EXPECT_NE(pickle_refusal(text).find("promises 1152921504606846976 bytes but only 1 follow (byte 2)"),
              std::string::npos)
        << pickle_refusal(text);
  }
  const std::string memo = PickleBuilder().raw("Nr").little(0xFFFFFFFF, 4).stop();
  EXPECT_NE(pickle_refusal(memo).find("place 4294967295 of its memo"), std::string::npos);
}

TEST(Pickle, RefusesMisusedStacks) {
  for (const char* opcodes : {"",
                              "0",
                              "R",
                              "b",
                              "s",
                              "a",
                              "e",
                              "u",
                              "t",
                              "\x85",
                              "\x86",
                              "2",
                              "h\x05",
                              "j\x05\x01",
                              "(K\x01"
                              "e",

                              "](K\x01u",
                              "}(K\x01u",
                              "NN\x93",
                              "N)R",
                              "K\x01}b",
                              "NNa"}) {
    const std::string text = PickleBuilder().raw(opcodes).stop();
    EXPECT_NE(pickle_refusal(text).find("(byte "), std::string::npos) << opcodes;
  }
}

TEST(Pickle, RefusesOtherFilesAndProtocols) {
  EXPECT_NE(pickle_refusal("").find("not a pickle of protocol 2 to 5 (byte 0)"), std::string::npos);
  EXPECT_NE(pickle_refusal("\x1f\x8b").find("not a pickle"), std::string::npos);
  EXPECT_NE(pickle_refusal("(lp0\n.").find("protocol=4"), std::string::npos);
  EXPECT_NE(pickle_refusal("\x80\x06N.").find("protocol 6"), std::string::npos);
  EXPECT_NE(pickle_refusal(PickleBuilder().raw("I01\n").stop()).find("the opcode 73"), std::string::npos);
  EXPECT_NE(pickle_refusal(PickleBuilder().raw("\x97").stop()).find("out-of-band"), std::string::npos);
}

TEST(Pickle, RefusesEveryTruncation) {
  const std::string whole = PickleBuilder()
                                .raw("(")
                                .text("abc")
                                .bytes("def")
                                .number(5)
                                .global("shapes", "Circle")
                                .raw(
                                    ")R]K\x01"
                                    "at")
                                .stop();
  ASSERT_EQ(pickle_refusal(whole), "accepted");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(pickle_refusal(whole.substr(0, length)).find("(byte "), std::string::npos) << length;
  }
}

TEST(Pickle, SaysWhatStandsWhereSomethingElseBelongs) {
  const std::string text = PickleBuilder().text("abc").stop();
  const Pickle pickle(as_bytes(text), pickle_options());
  try {
    static_cast<void>(pickle.integer(pickle.root()));
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_STREQ(error.what(), "'x.pkl': the pickle has a str where an int belongs (byte 7)");
  }
}

TEST(Pickle, ReleasesWhatItHasParsed) {
  std::size_t released = 0;
  PickleOptions watching = pickle_options();
  watching.release = [&](std::size_t offset, std::size_t length) {
    EXPECT_EQ(offset, released);
    released = offset + length;
  };
  const std::string big(std::size_t{20} << 20, 'x');
  const std::string text = PickleBuilder().bytes(big).raw("0").bytes(big).stop();
  const Pickle pickle(as_bytes(text), watching);
  EXPECT_GT(released, std::size_t{39} << 20);
}

}  // namespace
}  // namespace svhn::formats
