#include "model/pretrained/reader.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

#include "formats/safetensors/safetensors.h"
#include "unit/hostile_bytes.h"
#include "unit/model/keras/keras_file.h"

namespace svhn::model {
namespace {

using test::counted;
using test::KerasFile;
using Shape = std::vector<std::int64_t>;

class WeightSourceTest : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "weights"; }

  [[nodiscard]] std::string refusal() const {
    try {
      static_cast<void>(open_weights(path()));
    } catch (const core::Error& error) {
      EXPECT_EQ(error.code(), core::ExitCode::model);
      return std::string(error.what()).substr(path().string().size() + 4);
    }
    return "no error";
  }

  test::TemporaryFolder folder_;
};

TEST_F(WeightSourceTest, NamesKerasArraysByLayerAndRole) {
  {
    KerasFile file(path());
    file.weights(
        "", {{"conv", {counted("conv/kernel:0", {1, 2, 3, 4}), counted("conv/bias:0", {4})}},
             {"conv1/bn", {counted("conv1/bn/gamma:0", {2}), counted("conv1/bn/moving_variance:0", {2})}},
             {"old", {counted("old_W_1:0", {2, 3}), counted("old_b_1:0", {3})}},
             {"none", {}}});
  }
  const WeightSource source = open_weights(path());
  EXPECT_EQ(source.origin, WeightOrigin::keras);
  std::vector<std::string> names;
  for (const WeightArray& array : source.arrays) names.push_back(array.name);
  EXPECT_EQ(names, (std::vector<std::string>{"conv.weight", "conv.bias", "conv1/bn.weight",
                                             "conv1/bn.running_var", "old.weight", "old.bias"}));
  EXPECT_EQ(source.find("conv.weight")->shape, (Shape{4, 3, 1, 2}));
  // Entry (column w, channel c, filter f) is 12w + 4c + f; filter 1 is read channel by channel.
  const auto& values = source.find("conv.weight")->values;
  EXPECT_EQ(std::vector<float>(values.begin() + 6, values.begin() + 12),
            (std::vector<float>{1, 13, 5, 17, 9, 21}));
  EXPECT_EQ(source.find("old.weight")->values, (std::vector<float>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(source.find("nothing"), nullptr);
}

TEST_F(WeightSourceTest, NamesTheLayersOfNestedModels) {
  {
    KerasFile file(path());
    file.weights(
        "model_weights",
        {{"vgg16",
          {counted("block1_conv1/kernel:0", {1, 1, 1, 1}), counted("block1_conv2/kernel:0", {1, 1, 1, 1})}}});
  }
  const WeightSource source = open_weights(path());
  ASSERT_EQ(source.arrays.size(), 2U);
  EXPECT_EQ(source.arrays[0].name, "vgg16.block1_conv1.weight");
  EXPECT_EQ(source.arrays[1].name, "vgg16.block1_conv2.weight");
}

TEST_F(WeightSourceTest, SplitsSeparableKernels) {
  {
    KerasFile file(path());
    file.weights("", {{"sep",
                       {counted("sep/depthwise_kernel:0", {1, 2, 2, 2}),
                        counted("sep/pointwise_kernel:0", {1, 1, 4, 3})}}});
  }
  const WeightSource source = open_weights(path());
  const WeightArray* depthwise = source.find("sep.depthwise.weight");
  ASSERT_NE(depthwise, nullptr);
  EXPECT_EQ(depthwise->shape, (Shape{4, 1, 1, 2}));
  // Entry (column w, channel c, multiple m) is 4w + 2c + m; output 2c + m.
  EXPECT_EQ(depthwise->values, (std::vector<float>{0, 4, 1, 5, 2, 6, 3, 7}));
  EXPECT_EQ(source.find("sep.pointwise.weight")->shape, (Shape{3, 4, 1, 1}));
}

TEST_F(WeightSourceTest, TellsTheOriginOfConvertedFiles) {
  const std::array values{1.0F, 2.0F};
  const std::array<std::int64_t, 1> count{7};
  const std::vector<formats::TensorToWrite> tensors{
      {"a.weight", formats::DType::f32, {2}, std::as_bytes(std::span(values))},
      {"a.num_batches_tracked", formats::DType::i64, {}, std::as_bytes(std::span(count))}};
  formats::write_safetensors(path(), tensors, {}, core::ExitCode::model);
  const WeightSource source = open_weights(path());
  EXPECT_EQ(source.origin, WeightOrigin::torch);
  ASSERT_EQ(source.arrays.size(), 1U);  // Counters are left out.
  EXPECT_EQ(source.arrays[0].values, (std::vector<float>{1, 2}));
  formats::write_safetensors(path(), tensors, {{"origin", "keras"}}, core::ExitCode::model);
  EXPECT_EQ(open_weights(path()).origin, WeightOrigin::keras);
}

TEST_F(WeightSourceTest, LeavesOutTheNamesOfWrappers) {
  const std::array values{1.0F, 2.0F};
  const auto names_of = [&](const std::vector<std::string>& names) {
    std::vector<formats::TensorToWrite> tensors;
    for (const std::string& name : names)
      tensors.push_back({name, formats::DType::f32, {2}, std::as_bytes(std::span(values))});
    formats::write_safetensors(path(), tensors, {}, core::ExitCode::model);
    std::set<std::string> found;
    for (const WeightArray& array : open_weights(path()).arrays) found.insert(array.name);
    return found;
  };
  using Names = std::set<std::string>;
  EXPECT_EQ(names_of({"module.a.weight", "module.b.bias"}), (Names{"a.weight", "b.bias"}));
  EXPECT_EQ(names_of({"_orig_mod.module.a.weight", "_orig_mod.module.b.bias"}),
            (Names{"a.weight", "b.bias"}));
  EXPECT_EQ(names_of({"a._orig_mod.weight", "b.bias"}), (Names{"a.weight", "b.bias"}));
  EXPECT_EQ(names_of({"module.a.weight", "b.bias"}), (Names{"module.a.weight", "b.bias"}));
  EXPECT_EQ(names_of({"my_orig_mod.a"}), (Names{"my_orig_mod.a"}));
  EXPECT_EQ(open_weights(path()).notes, std::vector<std::string>());
  formats::write_safetensors(path(),
                             {{"_orig_mod.a", formats::DType::f32, {2}, std::as_bytes(std::span(values))},
                              {"a", formats::DType::f32, {2}, std::as_bytes(std::span(values))}},
                             {}, core::ExitCode::model);
  EXPECT_EQ(refusal(), "two arrays are called 'a'");
}

TEST_F(WeightSourceTest, RefusesAFileOfNothing) {
  formats::write_safetensors(path(), {}, {}, core::ExitCode::model);
  EXPECT_EQ(refusal(), "holds no weights");
}

TEST_F(WeightSourceTest, RefusesWhatIsNoWeight) {
  const std::array<std::int64_t, 1> count{7};
  formats::write_safetensors(path(), {{"ids", formats::DType::i64, {}, std::as_bytes(std::span(count))}}, {},
                             core::ExitCode::model);
  EXPECT_EQ(refusal(), "the array 'ids' holds I64, not floating point numbers");
  {
    KerasFile file(path());
    file.weights("", {{"a", {counted("a/kernel:0", {1, 2, 3})}}});
  }
  EXPECT_EQ(refusal(), "the array 'a.weight' has 3 dimensions");
  {
    KerasFile file(path());
    file.model("{}");
  }
  EXPECT_EQ(refusal(), "the HDF5 file holds no Keras weights (no 'layer_names')");
}

}  // namespace
}  // namespace svhn::model
