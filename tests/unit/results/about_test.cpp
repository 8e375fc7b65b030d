#include "results/about.h"

#include "unit/report/page/page_files.h"

namespace svhn::results {
namespace {

using report::PageFolder;

TEST(ModelDigest, ChangesWithWeightsPreprocessingAndNothingElse) {
  const PageFolder folder;
  const auto digest = [&](const std::string& name, float weight) {
    report::write_model(folder / "m.safetensors", name, weight);
    return model_digest(model::ModelFile(folder / "m.safetensors"));
  };
  const std::string first = digest("a", 0.5F);
  EXPECT_EQ(first.size(), 16U);
  EXPECT_EQ(digest("b", 0.5F), first);
  EXPECT_NE(digest("a", 0.25F), first);
}

TEST(WhichModel, GoesByTheModelsOwnName) {
  const PageFolder folder;
  const auto which = [&](const std::string& file) {
    report::write_model(folder / file, "m", 0.0F);
    return which_model(folder / file, model::ModelFile(folder / file));
  };
  EXPECT_EQ(which("m.best.safetensors"), "best");
  EXPECT_EQ(which("m.safetensors"), "last");
  EXPECT_EQ(which("n.safetensors"), "other");
}

TEST(FolderName, DiffersForOtherModelsDataSplitsAndPrecisions) {
  const About about = report::about_of("m", "d");
  const std::string name = folder_name(about);
  EXPECT_TRUE(name.starts_with("best-test-")) << name;
  EXPECT_EQ(name.size(), std::string("best-test-1f3a09bc").size());
  const auto other = [&](auto change) {
    About changed = about;
    change(changed);
    EXPECT_FALSE(same_subject(about, changed));
    return folder_name(changed);
  };
  EXPECT_NE(other([](About& a) { a.model.digest = "e"; }), name);
  EXPECT_NE(other([](About& a) { a.data.fingerprint = "13"; }), name);
  EXPECT_NE(other([](About& a) { a.precision = "bfloat16"; }), name);
  EXPECT_NE(other([](About& a) { a.split = "val"; }), name);
  About renamed = about;
  renamed.model.which = "other";
  renamed.model.file = "copy.safetensors";
  EXPECT_TRUE(folder_name(renamed).starts_with("copy-test-")) << folder_name(renamed);
}

TEST(ReadAbout, ReadsWhatWasWrittenAndMore) {
  const PageFolder folder;
  About about = report::about_of("m", "d");
  about.kinds["misclassified"] = {{"digit", 3}};
  auto json = about_json(about);
  json["more"] = 1;
  const About read = read_about(folder.write("about.json", json.dump()));
  EXPECT_EQ(about_json(read).dump(), about_json(about).dump());
  EXPECT_EQ(read.model.epoch, 2);
  json["split"] = "other";
  const std::string said = report::refusal([&] { read_about(folder.write("about.json", json.dump())); });
  EXPECT_NE(said.find("/split is an unknown name"), std::string::npos) << said;
}

TEST(ReadAbout, TakesTheFingerprintOfFormerVersionsAndItsFolder) {
  const PageFolder folder;
  About former = report::about_of("m", "d");
  former.data.fingerprint = "18446744073709551615";
  const About read = read_about(folder.write("about.json", about_json(former).dump()));
  EXPECT_EQ(read.data.fingerprint, "ffffffffffffffff");
  EXPECT_EQ(folder_name(read), folder_name(former));
}

}  // namespace
}  // namespace svhn::results
