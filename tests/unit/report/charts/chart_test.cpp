#include "report/charts/chart.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "core/error.h"
#include "core/file.h"
#include "report/charts/gnuplot.h"
#include "unit/report/charts/chart_files.h"

namespace svhn::report {
namespace {

namespace fs = std::filesystem;

Chart line_chart(const std::string& title) {
  Chart chart;
  chart.width = 640;
  chart.height = 480;
  chart.commands = "set title " + gnuplot_string(title) + "\nplot '-' using 1:2 with lines title 'a'\n";
  chart.data = {{{1, 2}, {2, 4}}};
  return chart;
}

// Gnuplot's manual, "Quotes": in double quotes \ooo is the character of that octal code; its reader takes up
// to four digits where the first is 0. Codes: " 042, ' 047, @ 100, \ 134, ` 140, { 173, } 175.
TEST(GnuplotString, WritesEverySpecialCharacterAsItsCode) {
  EXPECT_EQ(gnuplot_string("model_2_1: a-b (c)"), "\"model_2_1: a-b (c)\"");
  EXPECT_EQ(gnuplot_string("a\"b'c"), "\"a\\0042b\\0047c\"");
  EXPECT_EQ(gnuplot_string("\\`@x`{y}"), "\"\\134\\140\\100x\\140\\173y\\175\"");
  EXPECT_EQ(gnuplot_string("'7"), "\"\\00477\"");
}

TEST(GnuplotString, KeepsOneLine) {
  EXPECT_EQ(gnuplot_string(std::string("a\nb\r\tc\0d\x7F", 9)), "\"a b  c d \"");
}

TEST(GnuplotString, KeepsWellFormedUtf8AndMarksOtherBytes) {
  EXPECT_EQ(gnuplot_string("\xC3\xBC"), "\"\xC3\xBC\"");
  EXPECT_EQ(gnuplot_string("\xC3(\xFF"), "\"?(?\"");
}

TEST(ChartFormat, FollowsTheExtension) {
  EXPECT_EQ(chart_format("a/b.png"), ChartFormat::png);
  EXPECT_EQ(chart_format("b.svg"), ChartFormat::svg);
  try {
    chart_format("b.pdf");
    FAIL() << "no error";
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::usage);
    EXPECT_STREQ(error.what(), "'b.pdf' is no name for a chart");
  }
}

TEST(WriteChart, SaysThatGnuplotIsMissingAndWritesNothing) {
  const ChartFolder folder;
  const auto result = write_chart(folder / "a.png", line_chart("a"), "/nowhere/gnuplot");
  EXPECT_EQ(result.status, ChartStatus::no_gnuplot);
  EXPECT_EQ(result.message, "no chart: '/nowhere/gnuplot' is not installed");
  EXPECT_TRUE(folder.files().empty());
}

TEST(WriteChart, SaysWhyADrawingProgramFailed) {
  const ChartFolder folder;
  core::write_text_file(folder / "broken",
                        "#!/bin/sh\necho half\necho first >&2\necho '  no font' >&2\nexit 3\n",
                        core::ExitCode::data);
  fs::permissions(folder / "broken", fs::perms::owner_all);
  const auto result = write_chart(folder / "a.png", line_chart("a"), folder / "broken");
  EXPECT_EQ(result.status, ChartStatus::failed);
  EXPECT_EQ(result.message, "'" + (folder / "broken").string() + "' failed: no font");
  EXPECT_EQ(folder.files(), std::vector<std::string>{"broken"});
}

TEST(WriteChart, LeavesTheFormerPictureWhereTheNewOneIsHalf) {
  const ChartFolder folder;
  core::write_text_file(folder / "a.png", "former", core::ExitCode::data);
  core::write_text_file(folder / "half", "#!/bin/sh\nprintf '\\211PNG\\r\\n\\032\\n half'\n",
                        core::ExitCode::data);
  fs::permissions(folder / "half", fs::perms::owner_all);
  EXPECT_EQ(write_chart(folder / "a.png", line_chart("a"), folder / "half").status, ChartStatus::failed);
  EXPECT_EQ(core::read_text_file(folder / "a.png", core::ExitCode::data, 100), "former");
}

TEST(GnuplotRun, StopsAProgramThatTakesTooLong) {
  const ChartFolder folder;
  core::write_text_file(folder / "slow", "#!/bin/sh\nexec sleep 600\n", core::ExitCode::data);
  fs::permissions(folder / "slow", fs::perms::owner_all);
  GnuplotRun run("", line_chart("a"), folder / "slow");
  EXPECT_TRUE(run.running());
  const auto result = run.wait(std::chrono::milliseconds(20));
  EXPECT_EQ(result.status, ChartStatus::failed);
  EXPECT_EQ(result.message, "'" + (folder / "slow").string() + "' took longer than 20 ms and was stopped");
  EXPECT_FALSE(run.running());
}

TEST(GnuplotRun, GivesWayWhenAskedTo) {
  const ChartFolder folder;
  core::write_text_file(folder / "wait", "#!/bin/sh\nuntil [ \"$(nice)\" = 19 ]; do sleep 0.01; done\n",
                        core::ExitCode::data);
  fs::permissions(folder / "wait", fs::perms::owner_all);
  GnuplotRun run("", line_chart("a"), folder / "wait");
  EXPECT_EQ(run.wait(std::chrono::milliseconds(0)).status, ChartStatus::failed);
  GnuplotRun last("", line_chart("a"), folder / "wait");
  last.lower_priority();
  EXPECT_EQ(last.wait().status, ChartStatus::drawn);
}

TEST(GnuplotRun, SendsTerminalCommandsAndDataInThisOrder) {
  const ChartFolder folder;
  core::write_text_file(folder / "echo", "#!/bin/sh\nexec cat\n", core::ExitCode::data);
  fs::permissions(folder / "echo", fs::perms::owner_all);
  GnuplotRun run("terminal\n", line_chart("a"), folder / "echo");
  ASSERT_EQ(run.wait().status, ChartStatus::drawn);
  EXPECT_EQ(run.output(),
            "terminal\nset title \"a\"\nplot '-' using 1:2 with lines title 'a'\n"
            "1.000000000000000000e+00 2.000000000000000000e+00\n"
            "2.000000000000000000e+00 4.000000000000000000e+00\ne\n");
}

TEST(WriteChart, DrawsAPngOfTheAskedSize) {
  SVHN_NEEDS_GNUPLOT();
  const ChartFolder folder;
  const auto result = write_chart(folder / "a.png", line_chart("a"));
  ASSERT_EQ(result.status, ChartStatus::drawn) << result.message;
  EXPECT_EQ(result.message, "");
  EXPECT_EQ(png_size(folder / "a.png"), (PngSize{640, 480}));
  EXPECT_EQ(folder.files(), std::vector<std::string>{"a.png"});
}

TEST(WriteChart, ShowsAHostileTitleAsTextAndRunsNothingOfIt) {
  SVHN_NEEDS_GNUPLOT();
  const ChartFolder folder;
  const std::string touch = "touch " + (folder / "pwned").string();
  const std::string title =
      "a\"; system \"" + touch + "\"\n! " + touch + "\n`" + touch + "` '; @x \\ {/=40 y} '' \" # <b>&";
  const auto result = write_chart(folder / "a.svg", line_chart(title));
  ASSERT_EQ(result.status, ChartStatus::drawn) << result.message;
  EXPECT_EQ(folder.files(), std::vector<std::string>{"a.svg"});
  const std::string svg = core::read_text_file(folder / "a.svg", core::ExitCode::data, 1 << 20);
  // As SVG has to write it: < and & are entities, and a newline has become a space.
  EXPECT_NE(svg.find("a\"; system \"" + touch + "\" ! " + touch + " `" + touch +
                     "` '; @x \\ {/=40 y} '' \" # &lt;b>&amp;"),
            std::string::npos)
      << svg;
}

TEST(WriteChart, ReportsACommandThatGnuplotRefuses) {
  SVHN_NEEDS_GNUPLOT();
  const ChartFolder folder;
  Chart chart = line_chart("a");
  chart.commands = "set nonsense\n" + chart.commands;
  const auto result = write_chart(folder / "a.png", chart);
  EXPECT_EQ(result.status, ChartStatus::failed);
  EXPECT_TRUE(result.message.starts_with("'gnuplot' failed: ")) << result.message;
  EXPECT_TRUE(folder.files().empty());
}

TEST(WriteChart, NamesAFolderThatCannotBeWritten) {
  SVHN_NEEDS_GNUPLOT();
  const ChartFolder folder;
  core::write_text_file(folder / "file", "x", core::ExitCode::data);
  EXPECT_THROW(write_chart(folder / "file" / "a.png", line_chart("a")), core::Error);
}

TEST(DrawTextChart, HasTheAskedSize) {
  SVHN_NEEDS_GNUPLOT();
  std::string text;
  ASSERT_EQ(draw_text_chart(line_chart("a_b"), {60, 15, false}, text).status, ChartStatus::drawn);
  EXPECT_NE(text.find("a_b"), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 16);
}

}  // namespace
}  // namespace svhn::report
