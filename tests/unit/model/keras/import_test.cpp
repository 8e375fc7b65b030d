#include "model/keras/import.h"

#include <gtest/gtest.h>

#include "unit/hostile_bytes.h"
#include "unit/model/keras/keras_file.h"

namespace svhn::model {
namespace {

using test::counted;
using test::KerasFile;
using test::KerasNumbers;
using Layers = std::vector<std::pair<std::string, std::vector<KerasNumbers>>>;

std::string layer(const std::string& type, const std::string& name, const std::string& config) {
  return R"({"class_name":")" + type + R"(","config":{"name":")" + name + "\"" +
         (config.empty() ? "" : "," + config) + "}}";
}

std::string input(const std::string& shape) {
  return layer("InputLayer", "input_1", R"("batch_input_shape":[null,)" + shape + "]");
}

const std::string kConv = R"("filters":4,"kernel_size":[3,3],"strides":[1,1],"padding":"same")";
const std::string kDense10 = layer("Dense", "out", R"("units":10,"activation":"softmax","use_bias":false)");

class KerasImportTest : public testing::Test {
 protected:
  [[nodiscard]] KerasModel import(const std::string& layers, const Layers& weights) const {
    {
      KerasFile file(path());
      file.model(R"({"class_name":"Sequential","config":{"name":"s","layers":[)" + layers + "]}}");
      file.weights("model_weights", weights);
    }
    return import_keras_model(formats::Hdf5File(path(), core::ExitCode::model));
  }

  /// @returns the message without the file's name.
  [[nodiscard]] std::string refusal(const std::string& layers, const Layers& weights = {{"none", {}}}) const {
    try {
      static_cast<void>(import(layers, weights));
    } catch (const core::Error& error) {
      EXPECT_EQ(error.code(), core::ExitCode::model);
      EXPECT_FALSE(error.hint().empty());
      return std::string(error.what()).substr(path().string().size() + 4);
    }
    return "no error";
  }

  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "a.h5"; }

  static const WeightArray& array(const KerasModel& model, const std::string& name) {
    for (const WeightArray& item : model.arrays) {
      if (item.name == name) return item;
    }
    throw std::runtime_error("no " + name);
  }

  test::TemporaryFolder folder_;
};

TEST_F(KerasImportTest, PutsFlattenedRowsIntoChannelOrder) {
  // A 1x2 image of 2 channels. Keras flattens p0c0 p0c1 p1c0 p1c1, here it is p0c0 p1c0 p0c1 p1c1: row 1 and
  // 2 of the kernel [4,10] change places. Entry (row k, unit u) is 10k + u.
  const KerasModel model = import(input("1,2,2") + "," + layer("Flatten", "f", "") + "," + kDense10,
                                  {{"out", {counted("out/kernel:0", {4, 10})}}});
  const WeightArray& kernel = array(model, "out.weight");
  EXPECT_EQ(kernel.shape, (Shape{10, 4}));
  EXPECT_EQ(std::vector<float>(kernel.values.begin(), kernel.values.begin() + 4),
            (std::vector<float>{0, 20, 10, 30}));
  EXPECT_EQ(model.input, (Shape{2, 1, 2}));
  EXPECT_EQ(model.keras_input, (Shape{1, 2, 2}));
  EXPECT_TRUE(model.notes.empty());
}

TEST_F(KerasImportTest, PutsBatchNormsOfFlattenedImagesIntoChannelOrder) {
  Layers weights{{"bn", {}}, {"out", {counted("out/kernel:0", {4, 10})}}};
  for (const char* name : {"moving_mean:0", "moving_variance:0"})
    weights[0].second.push_back(counted(name, {4}));
  const KerasModel model = import(
      input("1,2,2") + "," + layer("Flatten", "f", "") + "," +
          layer("BatchNormalization", "bn", R"("momentum":0.9,"epsilon":0.5,"scale":false,"center":false)") +
          "," + kDense10,
      weights);
  EXPECT_EQ(array(model, "bn.running_mean").values, (std::vector<float>{0, 2, 1, 3}));
  EXPECT_EQ(array(model, "bn.weight").values, std::vector<float>(4, 1.0F));
  EXPECT_EQ(array(model, "bn.bias").values, std::vector<float>(4, 0.0F));
  const auto& spec = std::get<BatchNormOp>(model.spec.layers[1].op);
  EXPECT_EQ(spec.momentum, 0.9);
  EXPECT_EQ(spec.epsilon, 0.5);
}

TEST_F(KerasImportTest, TurnsKernelsAround) {
  // [kh,kw,in,out] = [1,2,2,1] holds 0 1 | 2 3 (pixel | pixel); [out,in,kh,kw] is channel by channel.
  const Layers weights{{"c", {counted("c/kernel:0", {2, 2, 2, 10})}}, {"none", {}}};
  const KerasModel model = import(
      input("2,2,2") + "," +
          layer("Conv2D", "c",
                R"("filters":10,"kernel_size":[2,2],"strides":[1,1],"padding":"valid","use_bias":false)") +
          "," + layer("Flatten", "f", "") + "," + layer("Softmax", "s", R"("axis":-1)"),
      weights);
  const WeightArray& kernel = array(model, "c.weight");
  EXPECT_EQ(kernel.shape, (Shape{10, 2, 2, 2}));
  // Unit 0: pixels 0 to 3 of channel 0 are entries 0, 20, 40, 60, of channel 1 ten more.
  EXPECT_EQ(std::vector<float>(kernel.values.begin(), kernel.values.begin() + 8),
            (std::vector<float>{0, 20, 40, 60, 10, 30, 50, 70}));
}

TEST_F(KerasImportTest, TakesFlatInputsAsDigits) {
  const KerasModel grey = import(input("1024") + "," + layer("Reshape", "r", R"("target_shape":[32,-1,1])") +
                                     "," + layer("Flatten", "f", "") + "," + kDense10,
                                 {{"out", {counted("out/kernel:0", {1024, 10})}}});
  EXPECT_EQ(grey.input, (Shape{1, 32, 32}));
  ASSERT_EQ(grey.spec.layers.size(), 3U);
  EXPECT_EQ(std::get<ReshapeOp>(grey.spec.layers[0].op).shape, (Shape{1, 32, 32}));
  const KerasModel colour =
      import(input("3072") + "," + kDense10, {{"out", {counted("out/kernel:0", {3072, 10})}}});
  EXPECT_EQ(colour.input, (Shape{3, 32, 32}));
  EXPECT_EQ(colour.spec.layers[0].name, "input_flatten");
  // The first three of Keras' numbers are one pixel's channels; here they are 1024 apart.
  const auto& kernel = array(colour, "out.weight").values;
  EXPECT_EQ(kernel[0], 0.0F);
  EXPECT_EQ(kernel[1024], 10.0F);
  EXPECT_EQ(kernel[2048], 20.0F);
  EXPECT_EQ(kernel[1], 30.0F);
}

TEST_F(KerasImportTest, KeepsNamesAndWhatIsFrozen) {
  const KerasModel model =
      import(input("2,2,1") + "," + layer("Flatten", "my/flat layer", "") + "," +
                 layer("Dense", "out",
                       R"("units":10,"use_bias":false,"trainable":false,)"
                       R"("kernel_regularizer":{"class_name":"L2","config":{"l2":0.25}})"),
             {{"out", {counted("out/kernel:0", {4, 10})}}});
  EXPECT_EQ(model.spec.layers[0].name, "my_flat_layer");
  EXPECT_FALSE(model.spec.layers[1].trainable);
  EXPECT_EQ(std::get<DenseOp>(model.spec.layers[1].op).l2, 0.25);
  EXPECT_EQ(model.notes.size(), 1U);  // No softmax.
}

TEST_F(KerasImportTest, MakesAPaddedConvolutionOfItsTwoLayers) {
  const std::string pad = layer("ZeroPadding2D", "z", R"("padding":[[1,1],[1,1]])");
  const std::string valid =
      R"("filters":4,"kernel_size":[3,3],"strides":[1,1],"padding":"valid","use_bias":false)";
  const Layers weights{{"c", {counted("c/kernel:0", {3, 3, 1, 4})}},
                       {"out", {counted("out/kernel:0", {36, 10})}}};
  const std::string rest = "," + layer("Flatten", "f", "") + "," + kDense10;
  const KerasModel model =
      import(input("3,3,1") + "," + pad + "," + layer("Conv2D", "c", valid) + rest, weights);
  EXPECT_EQ(std::get<Conv2dOp>(model.spec.layers[0].op).window.pad, WindowPad::same);
  const std::string wide = R"("filters":4,"kernel_size":[5,5],"strides":[1,1],"padding":"valid")";
  EXPECT_EQ(refusal(input("3,3,1") + "," + pad + "," + layer("Conv2D", "c", wide) + rest, weights),
            "layer 'c' (Conv2D): with the ZeroPadding2D before it, it is no convolution with same padding");
}

TEST_F(KerasImportTest, RefusesWhatItDoesNotRead) {
  const std::string image = input("32,32,1") + ",";
  const std::pair<std::string, const char*> cases[] = {
      {image + layer("LSTM", "l", R"("units":3)"), "layer 'l' (LSTM): layers of this class are not read"},
      {image + layer("Dense", "d", R"("units":3)"), "layer 'd' (Dense): its input [32,32,1] is not a vector"},
      {image + layer("Conv2D", "c", kConv + R"(,"dilation_rate":[2,2])"),
       "layer 'c' (Conv2D): its dilation_rate is not 1"},
      {image + layer("Conv2D", "c", kConv + R"(,"groups":2)"), "layer 'c' (Conv2D): its groups is not 1"},
      {image + layer("Conv2D", "c", R"("filters":4,"kernel_size":[3,5])"),
       "layer 'c' (Conv2D): its kernel_size [3,5] is not the same in both directions"},
      {image + layer("Conv2D", "c", R"("filters":0,"kernel_size":[3,3])"),
       "layer 'c' (Conv2D): its filters is not a number of at least 1"},
      {image + layer("Conv2D", "c", kConv + R"(,"data_format":"channels_first")"),
       "layer 'c' (Conv2D): it wants channels first"},
      {image + layer("Conv2D", "c", kConv + R"(,"activation":{"class_name":"Mine"})"),
       "layer 'c' (Conv2D): its activation is not one of Keras' own"},
      {image + layer("Activation", "a", R"("activation":"mish")"),
       "layer 'a' (Activation): its activation 'mish' is not read"},
      {image + layer("ReLU", "r", R"("max_value":6.0)"), "layer 'r' (ReLU): its max_value is not read"},
      {image + layer("Dropout", "d", R"("rate":0.5,"noise_shape":[1])"),
       "layer 'd' (Dropout): its noise_shape is not read"},
      {image + layer("Dropout", "d", R"("rate":1.5)"),
       "layer 'd' (Dropout): its rate is not a number in the range that it may have"},
      {image + layer("MaxPooling2D", "p", R"("pool_size":[40,40])"),
       "layer 'p' (MaxPooling2D): its 40x40 window is larger than its input [1,32,32]"},
      {image + layer("ZeroPadding2D", "z", R"("padding":[[1,0],[1,1]])"),
       "layer 'z' (ZeroPadding2D): it does not pad all four sides alike"},
      {image + layer("ZeroPadding2D", "z", R"("padding":1)") + "," + layer("Flatten", "f", ""),
       "layer 'f' (Flatten): only a convolution may follow a ZeroPadding2D"},
      {image + layer("BatchNormalization", "b", R"("axis":[1],"momentum":0.9,"epsilon":0.1)"),
       "layer 'b' (BatchNormalization): it does not normalise the channels"},
      {image + layer("GlobalAveragePooling2D", "g", R"("keepdims":true)"),
       "layer 'g' (GlobalAveragePooling2D): its keepdims is not read"},
      {image + layer("Functional", "mine", R"("layers":[])"),
       "layer 'mine' (Functional): a nested model must be a network of keras.applications by its own name"},
      {image + layer("Conv2D", "c", kConv), "layer 'c' (Conv2D): the file has no weight for it"},
      {input("3072") + "," + layer("Reshape", "r", R"("target_shape":[3,32,32])"),
       "layer 'r' (Reshape): reshaping [3072] to [3,32,32] would need the numbers in another order"},
      {input("1024") + "," + layer("Reshape", "r", R"("target_shape":[16,16,4])"),
       "layer 'r' (Reshape): reshaping [1024] to [16,16,4] would need the numbers in another order"},
      {input("1024") + "," + layer("Reshape", "r", R"("target_shape":[-1,-1])"),
       "layer 'r' (Reshape): its target_shape does not fit 1024 numbers"},
      {input("1024") + "," + layer("Reshape", "r", R"("target_shape":[1000000,1000000,1000000])"),
       "layer 'r' (Reshape): its target_shape does not fit 1024 numbers"},
      {input("100") + "," + kDense10,
       "layer 'input_1' (InputLayer): its input [100] is neither an image nor 1024 or 3072 numbers"},
      {input("null,null,3") + "," + kDense10,
       "layer 'input_1' (InputLayer): its input shape [null,null,null,3] is not fixed"},
      {layer("Flatten", "f", ""), "layer 'f' (Flatten): the model does not say which input it takes"},
      {image + layer("Flatten", "f", ""),
       "layer 'f' (flatten): the last layer must give 10 numbers, but gives [1024]"}};
  for (const auto& [layers, message] : cases) EXPECT_EQ(refusal(layers), message);
}

TEST_F(KerasImportTest, RefusesWeightsThatDoNotFit) {
  const std::string layers = input("2,2,1") + "," + layer("Flatten", "f", "") + "," + kDense10;
  EXPECT_EQ(refusal(layers, {{"out", {counted("out/kernel:0", {5, 10})}}}),
            "layer 'out' (Dense): its weight is [10,5], but [10,4] is needed");
  EXPECT_EQ(refusal(layers, {{"out", {counted("out/kernel:0", {4, 10}), counted("out/bias:0", {10})}}}),
            "the array 'out.bias' belongs to no layer of the model");
  EXPECT_EQ(refusal(layers, {{"out", {counted("out/thing:0", {4, 10})}}}),
            "the array 'out/thing:0' of layer 'out' is of an unknown kind");
}

TEST_F(KerasImportTest, RefusesDescriptionsThatAreNoChain) {
  const auto of = [this](const std::string& config) {
    KerasFile(path()).model(config);
    {
      KerasFile file(path());
      file.model(config);
      file.weights("model_weights", {{"none", {}}});
    }
    try {
      static_cast<void>(import_keras_model(formats::Hdf5File(path(), core::ExitCode::model)));
    } catch (const core::Error& error) {
      return std::string(error.what()).substr(path().string().size() + 4);
    }
    return std::string("no error");
  };
  EXPECT_EQ(of(R"({"class_name":"Mine","config":{"layers":[]}})"), "it is a 'Mine' model");
  EXPECT_EQ(of(R"({"class_name":"Sequential","config":{}})"), "its model_config lists no layers");
  EXPECT_EQ(of("[1]"), "its model_config describes no model");
  EXPECT_EQ(
      of(R"({"class_name":"Functional","config":{"layers":[)"
         R"({"name":"a","inbound_nodes":[],"class_name":"InputLayer","config":{"name":"a"}},)"
         R"({"name":"b","inbound_nodes":[[["a",0,0,{}],["a",0,0,{}]]],"class_name":"Add","config":{}}]}})"),
      "layer 'b' does not take just the one before it");
  EXPECT_NE(of("{").find("model_config"), std::string::npos);
}

}  // namespace
}  // namespace svhn::model
