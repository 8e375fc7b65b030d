#include "report/page/page.h"

#include <nlohmann/json.hpp>

#include "unit/report/page/page_files.h"

namespace svhn::report {
namespace {

constexpr const char* kOpening = "<script type=\"application/json\" id=\"data\">";

/// The document inside a page, as a browser would take it out.
nlohmann::json document_in(const std::string& page) {
  const std::size_t begin = page.find(kOpening) + std::string_view(kOpening).size();
  return nlohmann::json::parse(page.substr(begin, page.find("</script", begin) - begin));
}

TEST(EmbeddedJson, CannotEndItsElementOrBeMarkup) {
  const std::string text = embedded_json({{"</script><script>alert(1)</script>", "<!--&\xff\xe2\x80\xa8"}});
  EXPECT_EQ(text.find_first_of("<>&"), std::string::npos) << text;
  EXPECT_EQ(nlohmann::json::parse(text).begin().key(), "</script><script>alert(1)</script>");
}

TEST(WritePage, ShowsARunWithAHostileNameAsItIs) {
  if (!has_page()) GTEST_SKIP() << "this build has no report page";
  const PageFolder folder;
  const std::string name = "<img src=x onerror='alert(1)'>\"&";
  folder.write("runs/" + name + "/history.json", kHistory);
  folder.write("runs/" + name + "/interpret/evaluation.json", evaluation_text());
  const auto result = write_page({folder / "runs"}, folder / "page.html");
  EXPECT_EQ(result.runs, 1U);
  EXPECT_TRUE(result.problems.empty());
  const std::string page = core::read_text_file(folder / "page.html", core::ExitCode::data, 1 << 24);
  EXPECT_EQ(page.size(), result.bytes);
  EXPECT_EQ(page.find("<img"), std::string::npos);
  const auto run = document_in(page)["runs"][0];
  EXPECT_EQ(run["name"], name);
  EXPECT_EQ(run["evaluation"]["confusion_matrix"][0][6], 1);
  EXPECT_EQ(run["history"]["val_accuracy"][1], 0.75);
}

TEST(WritePage, TellsOfDamagedPartsAndGoesOn) {
  if (!has_page()) GTEST_SKIP() << "this build has no report page";
  const PageFolder folder;
  folder.write("runs/a/history.json", "[]");
  folder.write("runs/b/history.json", kHistory);
  folder.write("runs/s/results.json", "{}");
  const auto result = write_page({folder / "runs"}, folder / "page.html");
  EXPECT_EQ(result.runs, 2U);
  EXPECT_EQ(result.searches, 0U);
  EXPECT_EQ(result.problems.size(), 2U);
  const std::string page = core::read_text_file(folder / "page.html", core::ExitCode::data, 1 << 24);
  EXPECT_EQ(document_in(page)["problems"].size(), 2U);
}

TEST(WritePage, AsksForNothingFromTheNetwork) {
  if (!has_page()) GTEST_SKIP() << "this build has no report page";
  const PageFolder folder;
  folder.write("runs/a/history.json", kHistory);
  write_page({folder / "runs"}, folder / "page.html");
  const std::string page = core::read_text_file(folder / "page.html", core::ExitCode::data, 1 << 24);
  EXPECT_NE(page.find("default-src 'none'; script-src 'sha256-"), std::string::npos);
  EXPECT_EQ(page.find(" src=\"http"), std::string::npos);
  EXPECT_EQ(page.find("<link"), std::string::npos);
}

TEST(WritePage, SaysSoWhenThereIsNothingToShow) {
  if (!has_page()) GTEST_SKIP() << "this build has no report page";
  const PageFolder folder;
  std::filesystem::create_directory(folder / "runs");
  const std::string said = refusal([&] { write_page({folder / "runs"}, folder / "page.html"); });
  EXPECT_EQ(said, "there is no run below '" + (folder / "runs").string() + "'");
  EXPECT_FALSE(std::filesystem::exists(folder / "page.html"));
}

}  // namespace
}  // namespace svhn::report
