#include "transfer/compare.h"

#include <fstream>

#include "unit/transfer/transfer_run.h"

namespace svhn::transfer {
namespace {

class CompareTest : public TransferTest {
 protected:
  /// SqueezeNet with random weights, and VGG16 with weights that are not there.
  [[nodiscard]] CompareRequest comparison() const {
    CompareRequest request;
    request.run = this->request(squeezenet());
    request.run.name = "both";
    request.config = [](const std::string& name, const model::ModelSpec&) {
      return "{\"name\":\"" + name + "\"}";
    };
    ComparedBackbone squeeze, vgg;
    squeeze.backbone.backbone = "squeezenet1_1";
    squeeze.backbone.weights = "random";
    squeeze.backbone.trainable = {"features.12.*"};
    squeeze.resize = 40;
    vgg.backbone.backbone = "vgg16";
    vgg.backbone.weights = "nowhere.safetensors";
    request.compare.backbones = {vgg, squeeze};
    return request;
  }
};

TEST_F(CompareTest, GoesOnAfterABackboneFails) {
  const auto result = compare(comparison(), {});
  ASSERT_EQ(result.backbones.size(), 2U);
  const auto& vgg = result.backbones[0];
  ASSERT_TRUE(vgg.error);
  EXPECT_NE(vgg.error->find("nowhere.safetensors"), std::string::npos);
  EXPECT_FALSE(vgg.frozen);
  const auto& squeeze = result.backbones[1];
  EXPECT_FALSE(squeeze.error) << *squeeze.error;
  ASSERT_TRUE(squeeze.frozen && squeeze.unfrozen);
  EXPECT_EQ(squeeze.parameters, 722'496) << "torchvision's squeezenet1_1.features";
  EXPECT_EQ(squeeze.feature_shape.size(), 3U);
  EXPECT_GT(squeeze.frozen->seconds, 0.0);
  EXPECT_GT(squeeze.milliseconds_per_image.value_or(0.0), 0.0);
  const CompareFiles files(folder(), "both");
  EXPECT_EQ(metric::read_comparison(files.results), result);
  EXPECT_TRUE(std::filesystem::exists(files.folder / "squeezenet1_1_unfrozen.safetensors"));
}

TEST_F(CompareTest, DoesNotRunAgainWhatIsFinished) {
  auto request = comparison();
  const auto first = compare(request, {});
  std::vector<std::string> started;
  CompareEvents events;
  events.started = [&](const std::string& run, const train::Session&) { started.push_back(run); };
  request.run.existing = train::ExistingRun::resume;
  const auto second = compare(request, events);
  EXPECT_TRUE(started.empty()) << "VGG16 fails before it starts, SqueezeNet is done";
  EXPECT_EQ(second, first);
}

TEST_F(CompareTest, LeavesAnEarlierComparisonAlone) {
  compare(comparison(), {});
  try {
    compare(comparison(), {});
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::usage);
  }
}

TEST_F(CompareTest, StopsAtWhatWouldMeetEveryBackbone) {
  std::filesystem::create_directories(folder());
  std::ofstream(folder() / "features") << "a file where a folder should be";
  try {
    compare(comparison(), {});
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::data);
  }
}

TEST_F(CompareTest, WantsOnePlaceForABackbone) {
  auto request = comparison();
  request.run.model.layers.erase(request.run.model.layers.begin());
  try {
    compare(request, {});
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::config);
  }
}

}  // namespace
}  // namespace svhn::transfer
