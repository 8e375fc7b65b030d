#include "model/keras/topology.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace svhn::model {
namespace {

/// A layer with its calls, each of which is a list of ["name",call,0].
std::string listed(const std::string& type, const std::string& name, const std::string& nodes,
                   const std::string& config = "") {
  return R"({"class_name":")" + type + R"(","name":")" + name + R"(","config":{"name":")" + name + "\"" +
         (config.empty() ? "" : "," + config) + R"(},"inbound_nodes":)" + nodes + "}";
}

std::string listed_input(const std::string& name = "in") {
  return listed("InputLayer", name, "[]", R"("batch_input_shape":[null,4,4,3])");
}

/// Keras 2's form of a call.
std::string reads(const std::vector<std::string>& names, const std::string& arguments = "{}") {
  std::string text;
  for (const std::string& name : names)
    text += (text.empty() ? "" : ",") + (R"([")" + name + R"(",0,0,)" + arguments + "]");
  return "[[" + text + "]]";
}

/// Keras 3's tensor.
std::string keras_3_tensor(const std::string& name, int call = 0) {
  return R"({"class_name":"__keras_tensor__","config":{"keras_history":[")" + name + "\"," +
         std::to_string(call) + ",0]}}";
}

std::string keras_3_call(const std::string& arguments, const std::string& keywords = "{}") {
  return R"({"args":[)" + arguments + R"(],"kwargs":)" + keywords + "}";
}

std::string functional(const std::string& layers, const std::string& output, const std::string& name = "m") {
  return R"({"class_name":"Functional","config":{"name":")" + name + R"(","layers":[)" + layers +
         R"(],"input_layers":[["in",0,0]],"output_layers":[[")" + output + R"(",0,0]]}})";
}

KerasTopology topology_of(const std::string& text) {
  return read_keras_topology("a.h5", text);
}

std::string topology_refusal(const std::string& text) {
  try {
    static_cast<void>(topology_of(text));
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::model);
    EXPECT_FALSE(error.hint().empty());
    return std::string(error.what()).substr(8);
  }
  return "no error";
}

std::vector<std::string> call_names(const KerasTopology& topology) {
  std::vector<std::string> result;
  for (const KerasCall& item : topology.calls) {
    std::string name;
    for (const std::string& scope : item.layer.scope()) name += scope + "/";
    result.push_back(name + item.layer.name());
  }
  return result;
}

using Names = std::vector<std::string>;
using Inputs = std::vector<std::size_t>;

TEST(KerasTopology, PutsLayersBehindWhatTheyRead) {
  // Listed backwards; Keras 2's and Keras 3's forms of a call.
  const KerasTopology topology = topology_of(functional(
      listed("Add", "sum",
             "[" + keras_3_call("[" + keras_3_tensor("b") + "," + keras_3_tensor("a") + "]") + "]") +
          "," + listed("ReLU", "b", reads({"a"})) + "," +
          listed("ReLU", "a", "[" + keras_3_call(keras_3_tensor("in")) + "]") + "," + listed_input(),
      "sum"));
  EXPECT_EQ(topology.input, (Shape{4, 4, 3}));
  EXPECT_EQ(call_names(topology), (Names{"a", "b", "sum"}));
  EXPECT_EQ(topology.calls[0].inputs, Inputs{0});
  EXPECT_EQ(topology.calls[1].inputs, Inputs{1});
  EXPECT_EQ(topology.calls[2].inputs, (Inputs{2, 1}));
  EXPECT_EQ(topology.output, 3U);
}

TEST(KerasTopology, LeavesOutWhatTheOutputDoesNotNeed) {
  const KerasTopology topology = topology_of(functional(
      listed_input() + "," + listed("ReLU", "a", reads({"in"})) + "," + listed("ReLU", "b", reads({"in"})),
      "b"));
  EXPECT_EQ(call_names(topology), Names{"b"});
}

TEST(KerasTopology, CountsTheCallsOfALayer) {
  const KerasTopology topology = topology_of(
      functional(listed_input() + "," + listed("ReLU", "a", R"([[["in",0,0,{}]],[["b",0,0,{}]]])") + "," +
                     listed("Conv2D", "b", R"([[["a",0,0,{}]]])") + "," +
                     listed("Add", "sum", R"([[["a",1,0],["a",0,0]]])"),
                 "sum"));
  EXPECT_EQ(call_names(topology), (Names{"a", "b", "a", "sum"}));
  EXPECT_EQ(topology.calls[2].call, 1U);
  EXPECT_EQ(topology.calls[2].calls, 2U);
  EXPECT_EQ(topology.calls[3].inputs, (Inputs{3, 1}));
}

TEST(KerasTopology, ExpandsModelsInsideModels) {
  const std::string inner = functional(listed_input() + "," + listed("Conv2D", "conv", reads({"in"})) + "," +
                                           listed("Conv2D", "other", reads({"conv"})),
                                       "other");
  std::string base = inner;
  // The model as a layer: it has a name and calls; its only call is number 1 in Keras.
  base.insert(base.size() - 1, R"(,"name":"base","inbound_nodes":)" + reads({"first"}));
  base.replace(base.find("\"m\""), 3, "\"base\"");
  const std::string chain =
      R"({"class_name":"Sequential","name":"chain","inbound_nodes":[[["base",1,0,{"training":false}]]],"config":)"
      R"({"name":"chain","trainable":false,"layers":[)" +
      listed("Dropout", "drop", "[]") + "," + listed("Conv2D", "last", "[]") + "]}}";
  const KerasTopology topology = topology_of(functional(
      listed_input() + "," + listed("Conv2D", "first", reads({"in"})) + "," + base + "," + chain, "chain"));
  EXPECT_EQ(call_names(topology), (Names{"first", "base/conv", "base/other", "chain/drop", "chain/last"}));
  EXPECT_EQ(topology.calls[1].inputs, Inputs{1});
  EXPECT_EQ(topology.calls[3].inputs, Inputs{3});
  // Keras numbers layers of a class within a model.
  EXPECT_EQ(topology.calls[0].group, "layers/conv2d");
  EXPECT_EQ(topology.calls[2].group, "layers/functional/layers/conv2d_1");
  EXPECT_EQ(topology.calls[4].group, "layers/sequential/layers/conv2d");
  EXPECT_TRUE(topology.calls[2].trainable);
  EXPECT_FALSE(topology.calls[4].trainable);
  ASSERT_EQ(topology.submodels.size(), 1U);
  EXPECT_EQ(topology.submodels[0].layer.name(), "base");
  EXPECT_EQ(topology.submodels[0].first, 1U);
  EXPECT_EQ(topology.submodels[0].last, 3U);
  EXPECT_EQ(topology.submodels[0].input, 1U);
  EXPECT_EQ(topology.submodels[0].output, 3U);
}

TEST(KerasTopology, FindsTheInputShape) {
  const auto shape = [](const std::string& config, const std::string& first) {
    return topology_of(R"({"class_name":"Sequential","config":{"name":"s",)" + config + R"("layers":[)" +
                       first + "]}}")
        .input;
  };
  const std::string relu = listed("ReLU", "a", "[]");
  EXPECT_EQ(shape("", listed("ReLU", "a", "[]", R"("batch_input_shape":[null,8,9,1])")), (Shape{8, 9, 1}));
  EXPECT_EQ(shape(R"("build_input_shape":[null,1024],)", relu), Shape{1024});
  // Sides may be left open, unless the model was built for some.
  const std::string open = listed("ReLU", "a", "[]", R"("batch_input_shape":[null,null,9,1])");
  EXPECT_EQ(shape("", open), (Shape{0, 9, 1}));
  EXPECT_EQ(shape(R"("build_input_shape":[null,7,9,1],)", open), (Shape{7, 9, 1}));
  EXPECT_EQ(shape("", functional(listed_input() + "," + listed("ReLU", "r", reads({"in"})), "r")),
            (Shape{4, 4, 3}));
  // Keras before 2.2.3: the list of layers alone.
  EXPECT_EQ(
      topology_of(R"({"class_name":"Sequential","config":[)" + listed_input() + "," + relu + "]}").input,
      (Shape{4, 4, 3}));
}

TEST(KerasTopology, RefusesOtherModels) {
  EXPECT_EQ(topology_refusal("[1]"), "its model_config describes no model");
  EXPECT_EQ(topology_refusal(R"({"class_name":"Mine","config":{"layers":[]}})"), "it is a 'Mine' model");
  EXPECT_EQ(topology_refusal(R"({"class_name":"Sequential","config":{}})"), "the model: it lists no layers");
  EXPECT_EQ(topology_refusal(R"({"class_name":"Sequential","config":{"layers":[1]}})"),
            "a layer in its model_config has no config");
  EXPECT_EQ(topology_refusal(R"({"class_name":"Sequential","config":{"layers":[)" +
                             listed("ReLU", "a", "[]") + "]}}"),
            "the model: it does not say which input it takes");
  EXPECT_EQ(topology_refusal(R"({"class_name":"Sequential","config":{"layers":[)" + listed_input() + "]}}"),
            "the model: it has no layers");
  EXPECT_NE(topology_refusal("{").find("model_config"), std::string::npos);
}

TEST(KerasTopology, RefusesSeveralInputsAndOutputs) {
  std::string two = functional(listed_input() + "," + listed("ReLU", "a", reads({"in"})), "a");
  std::string outputs = two;
  outputs.replace(outputs.find(R"([["a",0,0]])"), 11, R"([["a",0,0],["in",0,0]])");
  EXPECT_EQ(topology_refusal(outputs), "the model: it has 2 outputs");
  two.replace(two.find(R"([["in",0,0]],"out)"), 12, R"({"x":["in",0,0],"y":["in2",0,0]})");
  EXPECT_EQ(topology_refusal(two), "the model: it has 2 inputs");
  EXPECT_EQ(
      topology_refusal(functional(
          listed_input() + "," + listed_input("other") + "," + listed("ReLU", "a", reads({"other"})), "a")),
      "layer 'other' (InputLayer): it is not the input of its model");
}

TEST(KerasTopology, RefusesBrokenConnections) {
  const auto of = [](const std::string& layers) {
    return topology_refusal(functional(listed_input() + "," + layers, "a"));
  };
  EXPECT_EQ(of(listed("ReLU", "a", reads({"b"})) + "," + listed("ReLU", "b", reads({"a"}))),
            "the model: its layers form a circle");
  EXPECT_EQ(of(listed("ReLU", "a", reads({"none"}))),
            "layer 'a' (ReLU): it reads 'none', which is no layer of the model");
  EXPECT_EQ(of(listed("ReLU", "a", R"([[["b",2,0,{}]]])") + "," +
               listed("ReLU", "b", R"([[["in",0,0]],[["in",0,0]]])")),
            "layer 'a' (ReLU): it reads 'b', which is no layer of the model");
  EXPECT_EQ(of(listed("ReLU", "a", reads({"in"})) + "," + listed("ReLU", "a", reads({"in"}))),
            "layer 'a' (ReLU): an earlier layer has the same name");
  EXPECT_EQ(of(listed("ReLU", "a", "[[]]")), "layer 'a' (ReLU): it is called without a tensor");
}

TEST(KerasTopology, RefusesArgumentsThatAreNoTensors) {
  const auto of = [](const std::string& nodes) {
    return topology_refusal(functional(listed_input() + "," + listed("Add", "a", nodes), "a"));
  };
  EXPECT_EQ(of("[" + keras_3_call(keras_3_tensor("in") + ",2.0") + "]"),
            "layer 'a' (Add): it is called with something else than tensors");
  EXPECT_EQ(of(R"([["in",0,0,{"y":2.0}]])"),
            "layer 'a' (Add): it is called with something else than tensors");
  EXPECT_EQ(of("[" + keras_3_call(keras_3_tensor("in"), R"({"mask":3})") + "]"),
            "layer 'a' (Add): it is called with the argument 'mask'");
  EXPECT_EQ(of(R"([[["in",0,1,{}]]])"), "layer 'a' (Add): it is called with something else than tensors");
  // Keras 2 heeds it in `predict`, Keras 3 does not.
  EXPECT_EQ(of(reads({"in"}, R"({"training":true})")),
            "layer 'a' (Add): it is called with training=True, so that it acts in inference as in training");
  EXPECT_EQ(of("[" + keras_3_call(keras_3_tensor("in"), R"({"training":true,"mask":null})") + "]"),
            "no error");
}

TEST(KerasTopology, RefusesModelsThatAreCalledTwice) {
  const std::string twice =
      R"({"class_name":"Sequential","name":"s","inbound_nodes":[[["in",0,0,{}]],[["s",0,0,{}]]],"config":{"name":"s",)"
      R"("layers":[)" +
      listed("ReLU", "r", "[]") + "]}}";
  EXPECT_EQ(topology_refusal(functional(listed_input() + "," + twice, "s")),
            "layer 's' (Sequential): it is called 2 times, and shared weights are not read");
}

TEST(KerasTopology, SpellsClassesAsKerasFilesDo) {
  // From keras/src/utils/naming.py, run on these names.
  for (const auto& [name, expected] : {std::pair{"Conv2D", "conv2d"},
                                       {"BatchNormalization", "batch_normalization"},
                                       {"MaxPooling2D", "max_pooling2d"},
                                       {"GlobalAveragePooling2D", "global_average_pooling2d"},
                                       {"PReLU", "p_re_lu"},
                                       {"ReLU", "re_lu"},
                                       {"ELU", "elu"},
                                       {"DepthwiseConv2D", "depthwise_conv2d"},
                                       {"LeakyReLU", "leaky_re_lu"},
                                       {"InputLayer", "input_layer"}})
    EXPECT_EQ(keras_snake_case(name), expected);
}

}  // namespace
}  // namespace svhn::model
