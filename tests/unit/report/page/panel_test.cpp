#include "report/page/panel.h"

#include <nlohmann/json.hpp>

#include "report/page/base64.h"
#include "report/page/page.h"
#include "report/page/template.h"
#include "unit/report/page/page_files.h"

namespace svhn::report {
namespace {

const std::string kOnnx = "an ONNX file </script>";

PanelOptions options() {
  return {[](const std::filesystem::path&) { return kOnnx; }, 0.25};
}

std::string page_with(const PageFolder& folder, const PanelOptions& panel) {
  write_page({folder / "runs"}, folder / "page.html", panel);
  return core::read_text_file(folder / "page.html", core::ExitCode::data, 1 << 24);
}

void write_run(const PageFolder& folder) {
  folder.write("runs/m/history.json", kHistory);
  write_model(folder / "runs/m.best.safetensors", "m", 0.5F);
}

TEST(Panel, AnswersWithTheModelOfTheRunOnWhichThePageOpens) {
  if (panel_template().empty()) GTEST_SKIP() << "this build has no panel";
  const PageFolder folder;
  write_run(folder);
  std::filesystem::path asked;
  const auto result = write_page({folder / "runs"}, folder / "page.html",
                                 {[&](const std::filesystem::path& model) {
                                    asked = model;
                                    return kOnnx;
                                  },
                                  0.25});
  EXPECT_EQ(asked, folder / "runs/m.best.safetensors");
  ASSERT_TRUE(result.model.has_value());
  EXPECT_EQ(result.model->file, asked);
  EXPECT_EQ(result.model->bytes, kOnnx.size());
  const std::string page = core::read_text_file(folder / "page.html", core::ExitCode::data, 1 << 24);
  EXPECT_EQ(result.bytes, page.size());
  EXPECT_NE(page.find(">" + base64(std::as_bytes(std::span(kOnnx))) + "</script>"), std::string::npos);
  EXPECT_NE(page.find(R"("model":{"run":"m","name":"m.best.safetensors","reject":0.25})"), std::string::npos);
  for (const auto mark : {kPolicyMark, kPanelMark, kModelMark})
    EXPECT_EQ(page.find(mark), std::string::npos) << mark;
}

TEST(Panel, IsAbsentFromAPageWithoutAModel) {
  if (panel_template().empty()) GTEST_SKIP() << "this build has no panel";
  const PageFolder folder;
  write_run(folder);
  const std::string with = page_with(folder, options()), without = page_with(folder, {});
  EXPECT_GT(with.size(), without.size() + (std::size_t{1} << 20));
  EXPECT_NE(with.find("'wasm-unsafe-eval'"), std::string::npos);
  for (const char* part : {"wasm", "{{P", "id=\"runtime\""})
    EXPECT_EQ(without.find(part), std::string::npos) << part;
}

TEST(Panel, RefusesARunWithoutAModel) {
  if (panel_template().empty()) GTEST_SKIP() << "this build has no panel";
  const PageFolder folder;
  folder.write("runs/m/history.json", kHistory);
  EXPECT_EQ(refusal([&] { page_with(folder, options()); }),
            "there is no model of 'm' that the page could open with");
  EXPECT_FALSE(std::filesystem::exists(folder / "page.html"));
}

TEST(Panel, SaysWhatABuildWithoutItLacks) {
  if (!panel_template().empty()) {
    EXPECT_NO_THROW(require_panel());
    return;
  }
  EXPECT_EQ(
      refusal(require_panel),
      "this build cannot run a model in the page: onnxruntime-web was not there when it was configured");
}

}  // namespace
}  // namespace svhn::report
