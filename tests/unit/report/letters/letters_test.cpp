#include "report/letters/letters.h"

#include <gtest/gtest.h>

#include <set>

#include "core/json.h"

// Widths depend on the machine's font: what is tested is how they compare, not what they are.
namespace svhn::report {
namespace {

TEST(TextWidth, GrowsWithTheTextAndTheSize) {
  EXPECT_EQ(text_width(""), 0.0);
  EXPECT_GT(text_width("true 3"), text_width("true"));
  EXPECT_NEAR(text_width("true 3", 34.0), 2 * text_width("true 3", 17.0), 0.01);
}

TEST(TextWidth, TakesAnyBytes) {
  EXPECT_NEAR(text_width("a\xFF"), text_width("a?"), 1e-9);
  EXPECT_NEAR(text_width("a\n"), text_width("a?"), 1e-9);
}

TEST(CutMiddle, KeepsWhatFits) {
  EXPECT_EQ(cut_middle("short", 1000.0), "short");
}

TEST(CutMiddle, KeepsBothEndsAndWholeCharacters) {
  const std::string text = "äöüäöüäöü-middle-ÄÖÜÄÖÜÄÖÜ";
  const double width = text_width(text) / 2;
  const std::string cut = cut_middle(text, width);
  EXPECT_TRUE(cut.starts_with("äöü") && cut.ends_with("ÄÖÜ")) << cut;
  EXPECT_NE(cut.find("…"), std::string::npos) << cut;
  EXPECT_TRUE(core::is_utf8(cut));
  EXPECT_LE(text_width(cut), width);
  EXPECT_EQ(cut_middle(text, 0.0), "…");
}

TEST(Wrapped, BreaksAtSpacesAndFillsLines) {
  const double width = text_width("one two three");
  EXPECT_EQ(wrapped("one two three four five", width, 5),
            (std::vector<std::string>{"one two three", "four five"}));
  EXPECT_TRUE(wrapped("", width, 5).empty());
}

TEST(Wrapped, CutsWhatIsTooMuchForTheLastLine) {
  const double width = text_width("one two three");
  const auto lines = wrapped("one two three four five six seven eight", width, 2);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_TRUE(lines[1].starts_with("four") && lines[1].ends_with("eight")) << lines[1];
  EXPECT_LE(text_width(lines[1]), width);
  EXPECT_LE(text_width(wrapped(std::string(200, 'x'), width, 2).at(0)), width);
}

TEST(DistinctNames, LeavesNamesThatFit) {
  EXPECT_EQ(distinct_names({{"a b", "1"}, {"a c", "2"}}, 1000.0), (std::vector<std::string>{"a b", "a c"}));
}

TEST(DistinctNames, KeepTheWordsThatDiffer) {
  const std::string head = "optimizer=adam activation=selu ", tail = " batch_size=64 steps_per_epoch=200";
  const auto names = distinct_names({{head + "units=32" + tail, "1"}, {head + "units=64" + tail, "2"}},
                                    text_width("… units=32 … and more"));
  EXPECT_EQ(names, (std::vector<std::string>{"… units=32 …", "… units=64 …"}));
}

TEST(DistinctNames, EndInTheirTagWhereTheCutMadeThemEqual) {
  const std::string end(60, 'x');
  const double width = text_width(std::string(30, 'x'));
  const auto names =
      distinct_names({{end + "1" + end, "trial 1"}, {end + "2" + end, "trial 2"}, {"b", "trial 3"}}, width);
  EXPECT_TRUE(names[0].ends_with(" (trial 1)") && names[1].ends_with(" (trial 2)")) << names[0];
  EXPECT_EQ(names[2], "b");
  for (const std::string& name : names) EXPECT_LE(text_width(name), width + 0.01) << name;
}

TEST(DistinctNames, TellEqualNamesApart) {
  EXPECT_EQ(distinct_names({{"a", "trial 1"}, {"a", "trial 2"}}, 1000.0),
            (std::vector<std::string>{"a (trial 1)", "a (trial 2)"}));
}

/// @returns the numbers of dark pixels left and right of the middle of an 80 x 30 canvas.
std::pair<int, int> ink(const std::string& text, double left) {
  std::vector<std::uint8_t> pixels(std::size_t{80} * 30 * 4, 255);
  draw_text({pixels.data(), 80, 30, 320}, text, {}, left, 22.0);
  std::pair<int, int> counts;
  for (std::size_t i = 0; i < pixels.size(); i += 4) {
    if (pixels[i] < 128) ++(i / 4 % 80 < 40 ? counts.first : counts.second);
  }
  return counts;
}

TEST(DrawText, WritesWhereItIsAskedTo) {
  EXPECT_GT(ink("8", 5.0).first, 10);
  EXPECT_EQ(ink("8", 5.0).second, 0);
  EXPECT_GT(ink("8", 50.0).second, 10);
  EXPECT_EQ(ink("8", 50.0).first, 0);
}

TEST(DrawText, WritesLettersOutsideOfAscii) {
  EXPECT_GT(ink("ü", 5.0).first, ink("u", 5.0).first);
}

TEST(DrawText, LeavesOutWhatIsOutside) {
  const auto [left, right] = ink("8888888888888888888", 30.0);
  EXPECT_GT(left + right, 10);
}

}  // namespace
}  // namespace svhn::report
