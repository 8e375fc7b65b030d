#include "model/onnx/import.h"

#include <functional>

#include "unit/model/onnx/onnx_test_network.h"

namespace svhn::model {
namespace {

using data::PreprocessStep;

/// Every op that a config can name but dropout, which is gone, and the backbones, which become their nodes.
constexpr const char* kEveryOp = R"([
  {"type":"rescale","scale":1.5,"offset":-0.25},
  {"type":"normalize","mean":[0.5,0.25,0.75],"deviation":[0.5,2,4]},
  {"type":"resize","height":45,"width":37},
  {"type":"crop2d","top":1,"left":2,"bottom":3},
  {"type":"zero_pad2d","top":1,"right":2},
  {"type":"conv2d","filters":6,"kernel":3,"dilation":2,"kernel_width":5,"activation":"swish"},
  {"type":"leaky_relu","slope":0.25},
  {"type":"depthwise_conv2d","kernel":3,"depth_multiplier":2,"stride":2,"padding":"same","use_bias":false},
  {"type":"batch_norm","epsilon":0.5},
  {"type":"prelu"},
  {"type":"separable_conv2d","filters":8,"kernel":4,"padding":"half","activation":"mish"},
  {"type":"layer_norm","epsilon":0.25},
  {"type":"prelu","per_channel":false},
  {"type":"average_pool2d","size":3,"stride":2,"padding":"same","name":"mean"},
  {"type":"max_pool2d","size":3,"stride":1,"padding":"same","name":"largest"},
  {"type":"conv2d","filters":8,"kernel":4,"padding":"same","use_bias":false,"name":"twin","inputs":["mean"]},
  {"type":"add","inputs":["largest","twin"],"activation":"gelu","name":"sum"},
  {"type":"activation","activation":"relu6","name":"six"},
  {"type":"global_max_pool","name":"peak","inputs":["sum"]},
  {"type":"global_average_pool","inputs":["six"],"name":"level"},
  {"type":"concat","inputs":["peak","level"]},
  {"type":"reshape","shape":[4,2,2]},
  {"type":"conv2d","filters":6,"kernel":1,"groups":2,"activation":"hard_swish"},
  {"type":"flatten"},
  {"type":"layer_norm"},
  {"type":"dense","units":8,"activation":"softplus"},
  {"type":"dense","units":8,"activation":"hard_sigmoid","use_bias":false},
  {"type":"dense","units":10,"activation":"softmax"}])";

class OnnxImport : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "tiny.onnx"; }

  OnnxModel written_and_read(const test::OnnxNetwork& network, const OnnxOptions& options) {
    network.write(path(), options);
    return import_onnx(path());
  }

  /// @returns the message for a changed file, without its path.
  std::string refusal(const std::function<void(onnx::ModelProto&)>& change) {
    const test::OnnxNetwork network(
        test::spec_of(R"([{"type":"conv2d","filters":2,"kernel":3,"activation":"relu"},
        {"type":"flatten"},{"type":"dense","units":10}])"),
        {3, 8, 8});
    network.write(path(), test::options_of(test::preprocessing({})));
    onnx::ModelProto proto = test::read_proto(path());
    change(proto);
    folder_.write("tiny.onnx", proto.SerializeAsString());
    return message();
  }

  [[nodiscard]] std::string message() const {
    try {
      (void)import_onnx(path());
    } catch (const core::Error& error) {
      EXPECT_EQ(error.code(), core::ExitCode::model);
      EXPECT_FALSE(error.hint().empty());
      const std::string text = error.what(), start = "'" + path().string() + "': ";
      EXPECT_EQ(text.find('\n'), std::string::npos);
      return text.starts_with(start) ? text.substr(start.size()) : text;
    }
    return "";
  }

  test::TemporaryFolder folder_;
};

TEST_F(OnnxImport, LayersAndWeightsComeBack) {
  const ModelSpec spec = test::spec_of(kEveryOp);
  const test::OnnxNetwork network(spec, {3, 41, 33});
  const auto steps = test::preprocessing({PreprocessStep::minmax, PreprocessStep::standardize});
  const OnnxModel model = written_and_read(network, test::options_of(steps));
  EXPECT_EQ(model_to_json(model.spec).dump(1), model_to_json(spec).dump(1));
  EXPECT_EQ(model.input, (Shape{3, 41, 33}));
  EXPECT_EQ(model.name, "tiny");
  EXPECT_TRUE(model.synthetic);
  EXPECT_EQ(model.preprocessing.steps, steps.steps);
  EXPECT_EQ(model.preprocessing.train, steps.train);
  EXPECT_EQ(model.arrays.size(), network.values().size());
  for (const WeightArray& array : model.arrays) EXPECT_EQ(array.values, network.values().at(array.name));
}

TEST_F(OnnxImport, SoDoesAModelWithoutPreprocessing) {
  const ModelSpec spec =
      test::spec_of(R"([{"type":"flatten"},{"type":"dense","units":10,"activation":"softmax"}])");
  OnnxOptions options = test::options_of(test::preprocessing({PreprocessStep::greyscale}));
  options.preprocessing.reset();
  const OnnxModel model = written_and_read(test::OnnxNetwork(spec, {1, 16, 32}), options);
  EXPECT_EQ(model_to_json(model.spec), model_to_json(spec));
  EXPECT_EQ(model.preprocessing.steps, std::vector{PreprocessStep::greyscale});
  EXPECT_EQ(model.input, (Shape{1, 16, 32}));
}

TEST_F(OnnxImport, TheTemperatureComesBack) {
  const test::OnnxNetwork network(test::spec_of(R"([{"type":"flatten"},{"type":"dense","units":10}])"),
                                  {3, 8, 8});
  OnnxOptions options = test::options_of(test::preprocessing({}));
  EXPECT_EQ(written_and_read(network, options).temperature, 1.0);
  options.temperature = 1.7;
  EXPECT_EQ(written_and_read(network, options).temperature, 1.7);
  for (const double none : {0.0, -1.0, 0.001, 101.0}) {
    options.temperature = none;
    network.write(path(), options);
    EXPECT_EQ(message(), "operator '/output/scaled' (Div) divides by a temperature outside 0.01 to 100");
  }
}

/// What only backbones have becomes layers that do the same.
TEST_F(OnnxImport, OpsOfBackbonesBecomeLayers) {
  GraphBuilder builder({3, 9, 9});
  NodeId x = builder.add("rgb", ImagenetInputOp{BackboneInput::caffe}, {builder.input()});
  x = builder.average_pool(x, "mean", {square(3, 2, WindowPad::half), true});
  x = builder.sum(x, x, "sum", 0.25);
  x = builder.add("flat", FlattenOp{}, {x});
  builder.add("dense", DenseOp{.units = 10, .use_bias = false}, {x});
  const std::vector<float> weights(750);
  const auto values = [&](const std::string&) { return std::span<const float>(weights); };
  write_onnx(path(), builder.graph(), values, test::options_of(test::preprocessing({})));
  std::vector<std::string> types;
  for (const LayerSpec& layer : import_onnx(path()).spec.layers) types.emplace_back(type_name(layer.op));
  EXPECT_EQ(types, (std::vector<std::string>{"conv2d", "zero_pad2d", "average_pool2d", "rescale", "add",
                                             "flatten", "dense"}));
}

TEST_F(OnnxImport, OtherOperatorsAreNamed) {
  EXPECT_EQ(refusal([](auto&) {}), "");
  const auto node = [](auto& proto, int i) -> onnx::NodeProto& {
    return *proto.mutable_graph()->mutable_node(i);
  };
  EXPECT_EQ(refusal([&](auto& p) { node(p, 5).set_op_type("Celu"); }),
            "operator 'conv2d_1/relu' (Celu) is not one that svhn writes");
  EXPECT_EQ(refusal([&](auto& p) { node(p, 4).set_domain("ai.example"); }),
            "operator 'conv2d_1' (Conv) is of 'ai.example'");
  EXPECT_EQ(refusal([&](auto& p) { node(p, 0).set_op_type("Identity"); }),
            "operator '/preprocessing/numbers' (Identity) stands where svhn writes Cast");
  EXPECT_EQ(refusal([&](auto& p) {
              auto& attribute = *node(p, 5).add_attribute();
              attribute.set_name("then_branch");
              attribute.set_type(onnx::AttributeProto::GRAPH);
            }),
            "operator 'conv2d_1/relu' (Relu) has the attribute 'then_branch'");
  EXPECT_EQ(refusal([&](auto& p) { node(p, 7).mutable_attribute(0)->set_i(0); }),
            "operator 'dense_1' (Gemm) has a weight that is not transposed");
  EXPECT_EQ(refusal([&](auto& p) { node(p, 5).set_input(0, "dense_1:0"); }),
            "operator 'conv2d_1/relu' (Relu) reads 'dense_1:0', which no operator before it gives");
  EXPECT_EQ(refusal([&](auto& p) { p.mutable_opset_import(0)->set_version(19); }),
            "its opset is 19; 13 to 17 are read");
  EXPECT_EQ(refusal([&](auto& p) { p.clear_metadata_props(); }), "its metadata has no 'svhn_preprocessing'");
  EXPECT_EQ(refusal([&](auto& p) {
              *p.mutable_metadata_props(1)->mutable_value() =
                  data::preprocessing_to_json(test::preprocessing({PreprocessStep::minmax}));
            }),
            "operator '/preprocessing/shifted' (Add) does not do what the recorded preprocessing does");
  EXPECT_EQ(
      refusal([&](auto& p) { node(p, 2).set_name("x\ny"), node(p, 2).set_op_type("A\x1b"); }).find('\x1b'),
      std::string::npos);
}

TEST_F(OnnxImport, ArraysThatDeceiveAreRefused) {
  const auto array = [](auto& proto) -> onnx::TensorProto& {
    return *proto.mutable_graph()->mutable_initializer(2);  // conv2d_1.weight
  };
  const std::string start = "operator 'conv2d_1' (Conv) reads the array 'conv2d_1.weight', ";
  EXPECT_EQ(refusal([&](auto& p) { array(p).set_dims(0, std::int64_t{1} << 40); }),
            start + "whose size is not its shape's");
  EXPECT_EQ(refusal([&](auto& p) { array(p).set_dims(0, -2); }), start + "whose size is not its shape's");
  EXPECT_EQ(refusal([&](auto& p) { array(p).mutable_raw_data()->pop_back(); }),
            start + "whose size is not its shape's");
  EXPECT_EQ(refusal([&](auto& p) { array(p).set_data_type(99); }),
            start + "which has numbers of another type");
  EXPECT_EQ(refusal([&](auto& p) { array(p).set_data_location(onnx::TensorProto::EXTERNAL); }),
            start + "which is in another file");
  EXPECT_EQ(refusal([&](auto& p) { p.mutable_graph()->mutable_node(7)->set_input(1, "conv2d_1.weight"); }),
            "operator 'dense_1' (Gemm) reads the array 'conv2d_1.weight', which another one has read");
  EXPECT_EQ(refusal([&](auto& p) { *p.mutable_graph()->add_initializer() = array(p); }),
            "there are two arrays 'conv2d_1.weight'");
}

/// A few bytes a message would fill the memory with objects.
TEST_F(OnnxImport, AFileOfTinyMessagesIsRefused) {
  std::string graph;
  for (int i = 0; i < (3 << 20); ++i) graph += std::string("\x0A\0", 2);  // An empty operator.
  onnx::ModelProto head;
  head.set_ir_version(8);
  std::string bytes = head.SerializeAsString() + "\x3A";
  for (std::size_t size = graph.size(); size > 0; size >>= 7)
    bytes += static_cast<char>((size & 0x7FU) | (size > 0x7FU ? 0x80U : 0U));
  folder_.write("tiny.onnx", bytes + graph);
  EXPECT_EQ(message(), "more than 4 MiB of it are no weights");
}

TEST_F(OnnxImport, CutAndChangedFilesAreRefused) {
  (void)refusal([](auto&) {});
  const std::string whole = test::read_bytes(path());
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    folder_.write("tiny.onnx", std::string_view(whole).substr(0, size));
    EXPECT_NE(message(), "") << size;
  }
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ (1 << (at % 8)));
    folder_.write("tiny.onnx", changed);
    (void)message();  // Read or refused, as numbers may be any.
  }
}

}  // namespace
}  // namespace svhn::model
