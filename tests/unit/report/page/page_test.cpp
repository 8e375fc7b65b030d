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
  write_model(folder / "runs" / (name + ".best.safetensors"), name, 0.5F);
  results::About about =
      about_of(name, results::model_digest(model::ModelFile(folder / "runs" / (name + ".best.safetensors"))));
  about.kinds["evaluation"] = {};
  const std::string place = "runs/" + name + "/results/" + results::folder_name(about) + "/";
  folder.write(place + "about.json", results::about_json(about).dump());
  std::string evaluation = evaluation_text();
  evaluation.replace(evaluation.find(R"("m")"), 3, nlohmann::json(name).dump());
  folder.write(place + "evaluation.json", evaluation);
  const auto result = write_page({folder / "runs"}, folder / "page.html");
  EXPECT_EQ(result.runs, 1U);
  EXPECT_TRUE(result.problems.empty());
  const std::string page = core::read_text_file(folder / "page.html", core::ExitCode::data, 1 << 24);
  EXPECT_EQ(page.size(), result.bytes);
  EXPECT_EQ(page.find("<img"), std::string::npos);
  const auto run = document_in(page)["runs"][0];
  EXPECT_EQ(run["name"], name);
  EXPECT_EQ(run["slug"], "-img-src-x-onerror--alert-1-----");
  const auto shown = run["results"].at(0);
  EXPECT_EQ(shown["evaluation"]["confusion_matrix"][0][6], 1);
  EXPECT_TRUE(shown["data"]["same_as_training"].is_null());
  EXPECT_EQ(shown["primary"], false);
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

TEST(WritePage, SaysWhatItIsInItsHead) {
  if (!has_page()) GTEST_SKIP() << "this build has no report page";
  const PageFolder folder;
  folder.write("runs/<b>{{DATA}}/history.json", kHistory);
  write_page({folder / "runs"}, folder / "page.html");
  const std::string page = core::read_text_file(folder / "page.html", core::ExitCode::data, 1 << 24);
  const auto document = document_in(page);
  EXPECT_EQ(document["title"], "svhn report: <b>{{DATA}}, validation accuracy 0.7500");
  EXPECT_EQ(document["opens"], document["runs"][0]["slug"]);
  EXPECT_NE(page.find("<title>svhn report: &lt;b&gt;{{DATA}}, validation accuracy 0.7500</title>"),
            std::string::npos);
  EXPECT_NE(page.find("content=\"&lt;b&gt;{{DATA}}: validation accuracy 0.7500 in epoch 2 of 3.\">"),
            std::string::npos);
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
