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

TEST_F(KerasImportTest, TakesFlatInputsOfOtherSquares) {
  for (const auto& [numbers, expected] :
       {std::pair<hsize_t, Shape>{784, {1, 28, 28}}, {64, {1, 8, 8}}, {192, {3, 8, 8}}}) {
    const KerasModel model = import(input(std::to_string(numbers)) + "," + kDense10,
                                    {{"out", {counted("out/kernel:0", {numbers, 10})}}});
    EXPECT_EQ(model.input, expected);
    EXPECT_EQ(model.keras_input, Shape{static_cast<std::int64_t>(numbers)});
  }
}

TEST_F(KerasImportTest, TakesDigitsWhereTheSidesAreOpen) {
  const KerasModel model =
      import(input("null,null,3") + "," + layer("GlobalAveragePooling2D", "g", "") + "," + kDense10,
             {{"out", {counted("out/kernel:0", {3, 10})}}});
  EXPECT_EQ(model.input, (Shape{3, 32, 32}));
  EXPECT_EQ(model.notes,
            std::vector<std::string>{"the model takes images of any size; here it takes 32x32 pixels"});
}

TEST_F(KerasImportTest, TakesSigmoidsForOneDistribution) {
  const std::string dense = layer("Dense", "out", R"("units":10,"activation":"sigmoid","use_bias":false)");
  const KerasModel model = import(input("8,8,1") + "," + layer("Flatten", "f", "") + "," + dense,
                                  {{"out", {counted("out/kernel:0", {64, 10})}}});
  EXPECT_EQ(activation_of(model.spec.layers.back().op), Activation::softmax);
  ASSERT_EQ(model.notes.size(), 1U);
  EXPECT_TRUE(model.notes[0].starts_with("the model ends in sigmoid: here it is softmax"));
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
  EXPECT_EQ(model.notes,
            (std::vector<std::string>{"layer 'my/flat layer' (Flatten) is called 'my_flat_layer' here",
                                      "the model does not end in softmax: its outputs are read as logits"}));
}

TEST_F(KerasImportTest, GivesEveryLayerANameOfItsOwn) {
  const std::string flatten =
      layer("Flatten", "a.b", "") + "," + layer("Flatten", "a_b", "") + "," + layer("Flatten", "input", "") +
      "," + layer("Flatten", std::string(70, 'x'), "") + "," + layer("Flatten", std::string(71, 'x'), "");
  const KerasModel model =
      import(input("2,2,1") + "," + flatten + "," + kDense10, {{"out", {counted("out/kernel:0", {4, 10})}}});
  std::vector<std::string> names;
  for (const LayerSpec& item : model.spec.layers) names.push_back(item.name);
  EXPECT_EQ(names, (std::vector<std::string>{"a_b", "a_b_2", "input_2", std::string(64, 'x'),
                                             std::string(62, 'x') + "_2", "out"}));
  EXPECT_EQ(model.notes.size(), 5U);
}

TEST_F(KerasImportTest, LeavesOutWhatActsInTrainingAlone) {
  const KerasModel model =
      import(input("2,2,1") + "," + layer("RandomFlip", "flip", "") + "," + layer("Flatten", "f", "") + "," +
                 layer("GaussianNoise", "noise", "") + "," + kDense10,
             {{"out", {counted("out/kernel:0", {4, 10})}}});
  ASSERT_EQ(model.spec.layers.size(), 2U);
  EXPECT_TRUE(model.spec.layers[1].inputs.empty());
  EXPECT_EQ(model.notes, (std::vector<std::string>{
                             "layer 'flip' (RandomFlip) is left out: it does nothing in inference",
                             "layer 'noise' (GaussianNoise) is left out: it does nothing in inference"}));
}

TEST_F(KerasImportTest, MultipliesPixelsThatTheModelScalesItself) {
  const auto rest = "," + layer("Flatten", "f", "") + "," + kDense10;
  const Layers weights{{"out", {counted("out/kernel:0", {4, 10})}}};
  const KerasModel bytes = import(
      input("2,2,1") + "," + layer("Rescaling", "r", R"("scale":0.00392156862745098,"offset":0.0)") + rest,
      weights);
  EXPECT_EQ(std::get<RescaleOp>(bytes.spec.layers[0].op).scale, 255.0);
  EXPECT_EQ(bytes.spec.layers[0].name, "pixels");
  EXPECT_EQ(bytes.notes,
            std::vector<std::string>{"layer 'r' takes pixels from 0 to 255; pixels are 0 to 1 here, and "
                                     "layer 'pixels' multiplies them by 255"});
  const KerasModel unit =
      import(input("2,2,1") + "," + layer("Rescaling", "r", R"("scale":2.0,"offset":-1.0)") + rest, weights);
  EXPECT_EQ(unit.spec.layers[0].name, "r");
  const KerasModel later = import(input("2,2,1") + "," + layer("ReLU", "relu", "") + "," +
                                      layer("Rescaling", "r", R"("scale":0.01,"offset":0.0)") + rest,
                                  weights);
  EXPECT_EQ(later.spec.layers.size(), 4U);  // What it scales are no pixels.
  const KerasModel norm = import(
      input("2,2,1") + "," + layer("Normalization", "n", R"("mean":[110.0],"variance":[2500.0])") + rest,
      weights);
  EXPECT_EQ(norm.spec.layers[0].name, "pixels");
  EXPECT_EQ(std::get<NormalizeOp>(norm.spec.layers[1].op).deviation, std::vector<double>{50.0});
}

TEST_F(KerasImportTest, SpreadsSharedSlopes) {
  // PReLU with shared_axes=[1]: slopes [1,W,C] = [1,2,2] hold w0c0 w0c1 w1c0 w1c1; here [C,H,W] with H = 2.
  const KerasModel model = import(
      input("2,2,2") + "," + layer("PReLU", "p", "") + "," + layer("Flatten", "f", "") + "," + kDense10,
      {{"p", {counted("p/alpha:0", {1, 2, 2})}}, {"out", {counted("out/kernel:0", {8, 10})}}});
  EXPECT_FALSE(std::get<PreluOp>(model.spec.layers[0].op).per_channel);
  EXPECT_EQ(array(model, "p.weight").shape, (Shape{2, 2, 2}));
  EXPECT_EQ(array(model, "p.weight").values, (std::vector<float>{0, 2, 0, 2, 1, 3, 1, 3}));
  const KerasModel shared = import(
      input("2,2,2") + "," + layer("PReLU", "p", "") + "," + layer("Flatten", "f", "") + "," + kDense10,
      {{"p", {counted("p/alpha:0", {1, 1, 2})}}, {"out", {counted("out/kernel:0", {8, 10})}}});
  EXPECT_TRUE(std::get<PreluOp>(shared.spec.layers[0].op).per_channel);
  EXPECT_EQ(array(shared, "p.weight").shape, Shape{2});
}

TEST_F(KerasImportTest, ReadsWindows) {
  const KerasModel model = import(
      input("9,9,4") + "," + layer("ZeroPadding2D", "z", R"("padding":[[1,2],[3,4]])") + "," +
          layer("Cropping2D", "crop", R"("cropping":[[0,1],[2,0]])") + "," +
          layer(
              "Conv2D", "c",
              R"("filters":10,"kernel_size":[2,3],"strides":[2,2],"groups":2,"dilation_rate":[1,1],"use_bias":false)") +
          "," + layer("GlobalAveragePooling2D", "g", R"("keepdims":true)") + "," + layer("Flatten", "f", ""),
      {{"c", {counted("c/kernel:0", {2, 3, 2, 10})}}});
  const auto& pad = std::get<ZeroPad2dOp>(model.spec.layers[0].op);
  EXPECT_EQ((std::vector{pad.top, pad.bottom, pad.left, pad.right}), (std::vector<std::int64_t>{1, 2, 3, 4}));
  const auto& crop = std::get<Crop2dOp>(model.spec.layers[1].op);
  EXPECT_EQ((std::vector{crop.top, crop.bottom, crop.left, crop.right}),
            (std::vector<std::int64_t>{0, 1, 2, 0}));
  const auto& conv = std::get<Conv2dOp>(model.spec.layers[2].op);
  EXPECT_EQ((std::vector{conv.window.height, conv.window.width, conv.window.stride, conv.groups}),
            (std::vector<std::int64_t>{2, 3, 2, 2}));
  EXPECT_EQ(array(model, "c.weight").shape, (Shape{10, 2, 2, 3}));
  EXPECT_EQ(std::get<ReshapeOp>(model.spec.layers[4].op).shape, (Shape{10, 1, 1}));
  EXPECT_EQ(model.spec.layers[4].name, "g_keepdims");
}

TEST_F(KerasImportTest, RefusesWhatItDoesNotRead) {
  const std::string image = input("32,32,1") + ",";
  const std::pair<std::string, const char*> cases[] = {
      {image + layer("LSTM", "l", R"("units":3)"), "layer 'l' (LSTM): layers of this class are not read"},
      {image + layer("Reshape", "r", R"("target_shape":[32,32])") + "," + layer("Dense", "d", R"("units":3)"),
       "layer 'd' (Dense): its input [32,32] is not a vector"},
      {image + layer("Conv2D", "c", kConv + R"(,"dilation_rate":[2,1])"),
       "layer 'c' (Conv2D): its dilation_rate [2,1] must be the same in both directions"},
      {image + layer("Conv2D", "c", R"("filters":4,"kernel_size":[3,5],"strides":[1,2])"),
       "layer 'c' (Conv2D): its strides [1,2] must be the same in both directions"},
      {image + layer("Conv2D", "c", R"("filters":4,"kernel_size":[3,5,1])"),
       "layer 'c' (Conv2D): its kernel_size [3,5,1] is no height and width"},
      {image + layer("Conv2D", "c", R"("filters":0,"kernel_size":[3,3])"),
       "layer 'c' (Conv2D): its filters is not a number of at least 1"},
      {image + layer("Conv2D", "c", kConv + R"(,"data_format":"channels_first")"),
       "layer 'c' (Conv2D): it wants channels first"},
      {image + layer("Conv2D", "c", kConv + R"(,"activation":{"class_name":"Mine"})"),
       "layer 'c' (Conv2D): its activation is not one of Keras' own"},
      {image + layer("Activation", "a", R"("activation":"celu")"),
       "layer 'a' (Activation): its activation 'celu' is not read"},
      {image + layer("Activation", "a", R"("activation":"hard_sigmoid")"),
       "layer 'a' (Activation): its activation 'hard_sigmoid' is not read from Keras 2"},
      {image + layer("ReLU", "r", R"("max_value":5.0)"),
       "layer 'r' (ReLU): its max_value is not 6, or its slope not 0"},
      {image + layer("Dropout", "d", R"("rate":1.5)"),
       "layer 'd' (Dropout): its rate is not a number in the range that it may have"},
      {image + layer("MaxPooling2D", "p", R"("pool_size":[40,40])"),
       "layer 'p' (MaxPooling2D): its 40x40 window is larger than its input [1,32,32]"},
      {image + layer("ZeroPadding2D", "z", R"("padding":[[1,-1],[1,1]])"),
       "layer 'z' (ZeroPadding2D): its padding [[1,-1],[1,1]] is no number of pixels"},
      {image + layer("Multiply", "m", ""), "layer 'm' (Multiply): layers of this class are not read"},
      {image + layer("LayerNormalization", "n", R"("axis":[1,2,3],"epsilon":0.001)"),
       "layer 'n' (LayerNormalization): it does not normalise over the last axis"},
      {image + layer("Resizing", "s", R"("height":8,"width":8,"interpolation":"nearest")"),
       "layer 's' (Resizing): its interpolation is not bilinear"},
      {image + layer("Dense", "d", R"("units":3,"dtype":{"config":{"name":"int8_from_float32"}})"),
       "layer 'd' (Dense): its weights are quantized (int8_from_float32)"},
      {image + layer("BatchNormalization", "b", R"("axis":[1],"momentum":0.9,"epsilon":0.1)"),
       "layer 'b' (BatchNormalization): it does not normalise the channels"},
      {image + layer("Functional", "mine", R"("layers":[])"),
       "layer 'mine' (Functional): it has no input_layers"},
      {image + layer("Conv2D", "c", kConv), "layer 'c' (Conv2D): the file has no kernel for it"},
      {input("3072") + "," + layer("Reshape", "r", R"("target_shape":[3,32,32])"),
       "layer 'r' (Reshape): reshaping [3072] to [3,32,32] would need the numbers in another order"},
      {input("1024") + "," + layer("Reshape", "r", R"("target_shape":[16,16,4])"),
       "layer 'r' (Reshape): reshaping [1024] to [16,16,4] would need the numbers in another order"},
      {input("1024") + "," + layer("Reshape", "r", R"("target_shape":[-1,-1])"),
       "layer 'r' (Reshape): its target_shape does not fit 1024 numbers"},
      {input("1024") + "," + layer("Reshape", "r", R"("target_shape":[1000000,1000000,1000000])"),
       "layer 'r' (Reshape): its target_shape does not fit 1024 numbers"},
      {input("99") + "," + kDense10, "layer 'out' (Dense): the model's input [99] is no image"},
      {input("4,4,null") + "," + kDense10,
       "layer 'input_1' (InputLayer): its input shape [null,4,4,null] is not fixed"},
      {layer("Flatten", "f", ""), "the model: it does not say which input it takes"}};
  for (const auto& [layers, message] : cases) EXPECT_EQ(refusal(layers), message);
}

TEST_F(KerasImportTest, RefusesLayersWithTooManyInputs) {
  for (const char* type : {"ReLU", "RandomFlip"}) {
    const std::string functional =
        R"({"class_name":"Functional","config":{"name":"m","input_layers":[["input_1",0,0]],"output_layers":[["x",0,0]],)"
        R"("layers":[)" +
        input("4,4,3") + R"(,{"class_name":")" + type +
        R"(","name":"x","config":{"name":"x"},)"
        R"("inbound_nodes":[[["input_1",0,0,{}],["input_1",0,0,{}]]]}]}})";
    {
      KerasFile file(path());
      file.model(functional);
      file.weights("model_weights", {{"none", {}}});
    }
    try {
      static_cast<void>(import_keras_model(formats::Hdf5File(path(), core::ExitCode::model)));
      FAIL();
    } catch (const core::Error& error) {
      EXPECT_EQ(std::string(error.what()).substr(path().string().size() + 4),
                std::string("layer 'x' (") + type + "): it is called with 2 inputs");
    }
  }
}

TEST_F(KerasImportTest, RefusesWeightsThatDoNotFit) {
  const std::string layers = input("2,2,1") + "," + layer("Flatten", "f", "") + "," + kDense10;
  EXPECT_EQ(refusal(layers, {{"out", {counted("out/kernel:0", {5, 10})}}}),
            "layer 'out' (Dense): its weight is [10,5], but [10,4] is needed");
  EXPECT_EQ(refusal(layers, {{"out", {counted("out/kernel:0", {4, 10}), counted("out/bias:0", {10})}}}),
            "the array 'out/bias:0' of layer 'out' belongs to no layer of the model");
  EXPECT_EQ(refusal(layers, {{"out", {counted("out/thing:0", {4, 10})}}}),
            "layer 'out' (Dense): the file has no kernel for it");
  EXPECT_EQ(refusal(layers, {{"out", {counted("a/kernel:0", {4, 10}), counted("b/kernel:0", {4, 10})}}}),
            "layer 'out' (Dense): the file has several arrays that could be its kernel");
}

}  // namespace
}  // namespace svhn::model
