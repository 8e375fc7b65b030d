#pragma once
/// A network of given layers with numbered weights, written as ONNX.

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/json.h"
#include "model/onnx/export.h"
#include "model/plan.h"
#include "model/spec_json.h"
#include "unit/hostile_bytes.h"

namespace svhn::test {

/// @param json the list of layers.
inline model::ModelSpec spec_of(const std::string& json) {
  const auto document = core::parse_json_strict(R"({"layers":)" + json + "}", "test", core::ExitCode::config);
  return model::model_from_json(document, "test", core::ExitCode::config);
}

inline data::Preprocessing preprocessing(std::vector<data::PreprocessStep> steps) {
  data::Preprocessing result{std::move(steps), {}, {}};
  result.train.min = 0.1, result.train.max = 0.9;
  result.train.grey_min = 0.2, result.train.grey_max = 0.7;
  result.train.mean = {0.4, 0.5, 0.6}, result.train.stddev = {0.1, 0.2, 0.3};
  result.train.grey_mean = 0.45, result.train.grey_stddev = 0.15;
  return result;
}

/// A network whose weights are 1, 2, 3 … in each tensor.
class OnnxNetwork {
 public:
  OnnxNetwork(const model::ModelSpec& spec, const model::Shape& input)
      : graph_(model::plan_network(spec, input)) {
    for (const auto& node : graph_.nodes) {
      for (const auto& tensor : node.tensors) {
        auto& values = values_[tensor.name];
        values.resize(static_cast<std::size_t>(model::element_count(tensor.shape)));
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i + 1);
      }
    }
  }

  [[nodiscard]] const model::Graph& graph() const { return graph_; }
  [[nodiscard]] const std::map<std::string, std::vector<float>>& values() const { return values_; }

  std::uint64_t write(const std::filesystem::path& path, const model::OnnxOptions& options) const {
    const auto values = [this](const std::string& name) { return std::span<const float>(values_.at(name)); };
    return model::write_onnx(path, graph_, values, options);
  }

 private:
  model::Graph graph_;
  std::map<std::string, std::vector<float>> values_;
};

inline model::OnnxOptions options_of(const data::Preprocessing& steps) {
  return {model::kLastOpset,
          steps,
          "tiny",
          {{"svhn_model", "tiny"},
           {"svhn_preprocessing", data::preprocessing_to_json(steps)},
           {"svhn_synthetic", "true"}}};
}

inline onnx::ModelProto read_proto(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  onnx::ModelProto proto;
  EXPECT_TRUE(proto.ParseFromIstream(&stream));
  return proto;
}

inline std::vector<std::string> types_of(const onnx::ModelProto& proto) {
  std::vector<std::string> types;
  for (const auto& node : proto.graph().node()) types.push_back(node.op_type());
  return types;
}

/// @returns the first operator of a type.
inline const onnx::NodeProto& node_of(const onnx::ModelProto& proto, const std::string& type) {
  const auto& nodes = proto.graph().node();
  const auto found =
      std::find_if(nodes.begin(), nodes.end(), [&](const auto& n) { return n.op_type() == type; });
  if (found == nodes.end()) throw std::runtime_error("no operator " + type);
  return *found;
}

inline std::vector<std::int64_t> ints_of(const onnx::NodeProto& node, const std::string& name) {
  for (const auto& item : node.attribute()) {
    if (item.name() == name) return {item.ints().begin(), item.ints().end()};
  }
  return {};
}

}  // namespace svhn::test
