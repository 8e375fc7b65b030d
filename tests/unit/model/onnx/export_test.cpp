#include "model/onnx/export.h"

#include <cmath>
#include <limits>

#include "unit/model/onnx/onnx_test_network.h"

namespace svhn::model {
namespace {

using data::PreprocessStep;
using test::ints_of;
using test::node_of;
using test::types_of;
using Sizes = std::vector<std::int64_t>;
using Types = std::vector<std::string>;

class OnnxExport : public testing::Test {
 protected:
  onnx::ModelProto written(const std::string& layers, const Shape& input, OnnxOptions options) {
    const test::OnnxNetwork network(test::spec_of(layers), input);
    const auto path = folder_.path() / "tiny.onnx";
    const std::uint64_t bytes = network.write(path, options);
    EXPECT_EQ(bytes, std::filesystem::file_size(path));
    return test::read_proto(path);
  }

  onnx::ModelProto written(const std::string& layers, const Shape& input = {3, 32, 32}) {
    return written(layers, input, test::options_of(test::preprocessing({})));
  }

  test::TemporaryFolder folder_;
};

const std::string kHead = R"({"type":"flatten"},{"type":"dense","units":10}])";

TEST_F(OnnxExport, AChainHasItsPreprocessingBeforeAndTheDigitsBehind) {
  const auto steps = test::preprocessing({PreprocessStep::greyscale, PreprocessStep::minmax});
  const auto proto = written(R"([{"type":"conv2d","filters":4,"kernel":3,"activation":"relu"},)" + kHead,
                             {1, 32, 24}, test::options_of(steps));
  EXPECT_EQ(types_of(proto), (Types{"Cast", "Transpose", "Conv", "Conv", "Relu", "Flatten", "Gemm", "Gather",
                                    "Softmax", "ArgMax"}));
  const auto& input = proto.graph().input(0);
  const auto& shape = input.type().tensor_type().shape();
  EXPECT_EQ(input.name(), "images");
  EXPECT_EQ(input.type().tensor_type().elem_type(), onnx::TensorProto::UINT8);
  EXPECT_EQ(shape.dim(0).dim_param(), "N");
  EXPECT_EQ((Sizes{shape.dim(1).dim_value(), shape.dim(2).dim_value(), shape.dim(3).dim_value()}),
            (Sizes{32, 24, 3}));
  EXPECT_EQ(proto.graph().output(0).name(), "probabilities");
  EXPECT_EQ(proto.graph().output(1).name(), "digit");
  EXPECT_EQ(proto.producer_name(), "svhn");
  EXPECT_EQ(proto.opset_import(0).version(), 17);
  EXPECT_EQ(proto.ir_version(), 8);
}

/// (grey - 0.2) / 0.5 of bytes: slopes weight / 255 / 0.5.
TEST_F(OnnxExport, GreyIsOneConvolution) {
  const auto steps = test::preprocessing({PreprocessStep::greyscale, PreprocessStep::minmax});
  const auto proto = written("[" + kHead, {1, 32, 32}, test::options_of(steps));
  const auto& weights = proto.graph().initializer(0);
  std::array<float, 3> numbers{};
  ASSERT_EQ(weights.raw_data().size(), sizeof(numbers));
  std::memcpy(numbers.data(), weights.raw_data().data(), sizeof(numbers));
  EXPECT_NEAR(numbers[1], 0.587 / 255 / 0.5, 1e-9);
  float shift = 0;
  std::memcpy(&shift, proto.graph().initializer(1).raw_data().data(), sizeof(shift));
  EXPECT_NEAR(shift, -0.4, 1e-7);
}

TEST_F(OnnxExport, WithoutPreprocessingTheInputIsNumbers) {
  OnnxOptions options = test::options_of(test::preprocessing({}));
  options.preprocessing.reset();
  options.opset = 13;
  const auto proto = written("[" + kHead, {3, 8, 8}, options);
  EXPECT_EQ(types_of(proto), (Types{"Flatten", "Gemm", "Gather", "Softmax", "ArgMax"}));
  EXPECT_EQ(proto.graph().input(0).name(), "input");
  EXPECT_EQ(proto.graph().input(0).type().tensor_type().elem_type(), onnx::TensorProto::FLOAT);
  EXPECT_EQ(proto.ir_version(), 7);
}

TEST_F(OnnxExport, CalibratedLogitsAreDividedBeforeTheSoftmax) {
  OnnxOptions options = test::options_of(test::preprocessing({}));
  options.temperature = 1.5;
  const auto proto = written("[" + kHead, {3, 8, 8}, options);
  EXPECT_EQ(types_of(proto), (Types{"Cast", "Transpose", "Mul", "Add", "Flatten", "Gemm", "Gather", "Div",
                                    "Softmax", "ArgMax"}));
  const std::string divisor = node_of(proto, "Div").input(1);
  for (const auto& array : proto.graph().initializer()) {
    if (array.name() != divisor) continue;
    float number = 0;
    ASSERT_EQ(array.raw_data().size(), sizeof(number));
    std::memcpy(&number, array.raw_data().data(), sizeof(number));
    EXPECT_EQ(number, 1.5F);
    return;
  }
  FAIL() << "no array " << divisor;
}

TEST_F(OnnxExport, OddPaddingIsWrittenOut) {
  const auto proto =
      written(R"([{"type":"conv2d","filters":2,"kernel":3,"stride":2,"padding":"same"},)" + kHead);
  EXPECT_EQ(ints_of(node_of(proto, "Conv"), "pads"), (Sizes{0, 0, 1, 1}));
}

/// PyTorch's ceil_mode: 15 rows give 7 windows of 3 with stride 2, 16 rows give 8, the last over the edge.
TEST_F(OnnxExport, ALastWindowOverTheEdgeIsPadded) {
  for (const std::int64_t side : {15, 16}) {
    GraphBuilder builder({1, side, side});
    NodeId x = builder.max_pool(builder.input(), "pool", {3, 3, 2, WindowPad::valid, true, 1});
    x = builder.add("flat", FlattenOp{}, {x});
    builder.add("dense", DenseOp{.units = 10, .use_bias = false}, {x});
    const std::vector<float> weights(1000);
    const auto values = [&](const std::string&) {
      return std::span(weights).first(static_cast<std::size_t>(side == 15 ? 490 : 640));
    };
    const auto path = folder_.path() / "pool.onnx";
    write_onnx(path, builder.graph(), values, {});
    const auto pads = ints_of(node_of(test::read_proto(path), "MaxPool"), "pads");
    EXPECT_EQ(pads, side == 15 ? (Sizes{0, 0, 0, 0}) : (Sizes{0, 0, 1, 1}));
  }
}

/// Readers take floor(side * factor), some in float32, some in float64.
TEST_F(OnnxExport, ResizingLosesNoRow) {
  for (std::int64_t from = 3; from < 80; from += 7) {
    for (std::int64_t to = 1; to < 300; to += 13) {
      const auto proto =
          written(R"([{"type":"resize","height":)" + std::to_string(to) +
                      R"(,"width":2},{"type":"global_average_pool"},{"type":"dense","units":10}])",
                  {1, from, 2});
      const auto& factors = proto.graph().initializer(2);
      std::array<float, 4> numbers{};
      ASSERT_EQ(factors.name(), "resize_1/scales");
      std::memcpy(numbers.data(), factors.raw_data().data(), sizeof(numbers));
      const auto side = static_cast<float>(from);
      EXPECT_EQ(std::floor(numbers[2] * side), static_cast<float>(to));
      EXPECT_EQ(std::floor(static_cast<double>(numbers[2]) * static_cast<double>(side)), to);
    }
  }
}

TEST_F(OnnxExport, TheSameModelGivesTheSameBytes) {
  const test::OnnxNetwork network(test::spec_of("[" + kHead), {3, 8, 8});
  const auto options = test::options_of(test::preprocessing({PreprocessStep::standardize}));
  network.write(folder_.path() / "a.onnx", options);
  network.write(folder_.path() / "b.onnx", options);
  EXPECT_EQ(test::read_bytes(folder_.path() / "a.onnx"), test::read_bytes(folder_.path() / "b.onnx"));
}

core::Error refusal(const Graph& graph, std::int64_t opset) {
  try {
    check_exportable(graph, opset, "m");
  } catch (const core::Error& error) {
    return error;
  }
  return {core::ExitCode::ok, ""};
}

TEST_F(OnnxExport, WhatOnnxLacksIsRefused) {
  Graph graph = plan_network(test::spec_of(R"([{"type":"layer_norm"},)" + kHead), {3, 8, 8});
  EXPECT_EQ(refusal(graph, 17).code(), core::ExitCode::ok);
  EXPECT_STREQ(refusal(graph, 16).what(),
               "'m': layer 'layer_norm_1' is a layer_norm, which ONNX has from opset 17 on");
  EXPECT_EQ(refusal(graph, 16).code(), core::ExitCode::usage);
  graph.nodes[1].op = ScriptOp{};
  EXPECT_STREQ(refusal(graph, 17).what(),
               "'m': layer 'layer_norm_1' is a TorchScript module, which cannot become ONNX");
  graph.nodes[1].op = FlattenOp{};
  graph.counts.total = std::numeric_limits<std::int32_t>::max() / 4 + 1;
  EXPECT_STREQ(refusal(graph, 17).what(), "'m': an ONNX file cannot hold its weights, more than 2 GB");
}

}  // namespace
}  // namespace svhn::model
