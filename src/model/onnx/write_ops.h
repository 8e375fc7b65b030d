#pragma once
/// Each op of the table model/ops/operation.h as operators of ONNX.

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "model/graph/graph.h"
#include "model/onnx/graph_writer.h"

namespace svhn::model::onnx_file {

/// @returns the numbers of a tensor of the graph, by its name.
using Values = std::function<std::span<const float>(const std::string& name)>;

/// What a node is written from.
struct NodeToWrite {
  const Node& node;
  const Shape& input_shape;         ///< Of its first input.
  std::vector<std::string> inputs;  ///< The values that it reads.
  const Values& values;
};

/// Adds the operators of a node. @returns the name of the value that it gives.
/// @throws core::Error(bug) for an op that `check_exportable` refuses.
std::string write_node(GraphWriter& out, const NodeToWrite& what);

}  // namespace svhn::model::onnx_file
