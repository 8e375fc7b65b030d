#pragma once
/// Nodes that run as one operation where their intermediate results are not needed: a convolution or dense
/// layer with the activation, batch norm, 2x2 max pooling and dropout behind it; an addition with its
/// activation; a batch norm with the ReLU behind it. N = batch; tensors are [N,C,H,W] or [N,F].

#include <cstddef>
#include <optional>
#include <vector>

#include "kernels/norm_block.h"
#include "network/ops/run.h"

namespace svhn::network {

/// Some nodes in a row, of which only the last one's output is read elsewhere.
class FusedNodes {
 public:
  /// The parts in their order; each but the first may be absent.
  struct Parts {
    std::vector<model::NodeId> nodes;
    std::optional<model::Operation> source;  ///< Without its activation; unset: the batch norm is the first.
    model::Activation activation = model::Activation::linear;
    bool merged = false;  ///< The activation is a node of its own.
    std::optional<model::BatchNormOp> norm;
    model::NodeId norm_node = 0;
    bool relu = false;  ///< Behind the batch norm.
    bool pool = false;  ///< 2x2, stride 2.
    double dropout_rate = 0.0;
    std::uint64_t dropout_stream = 0;
    bool frozen = false;  ///< The batch norm.
  };

  explicit FusedNodes(Parts parts) : parts_(std::move(parts)) {}

  [[nodiscard]] const std::vector<model::NodeId>& nodes() const { return parts_.nodes; }
  [[nodiscard]] model::NodeId first() const { return parts_.nodes.front(); }
  [[nodiscard]] model::NodeId last() const { return parts_.nodes.back(); }

  /// @param x the first input. @returns whether it supports x and context; else the nodes run separately.
  [[nodiscard]] bool supports(const torch::Tensor& x, const ForwardContext& context) const;
  /// @param inputs of the first node. @param states of all nodes.
  /// @returns the last node's output, that of the separate nodes up to rounding.
  [[nodiscard]] torch::Tensor forward(std::vector<torch::Tensor>& inputs,
                                      const std::vector<NodeState>& states,
                                      const ForwardContext& context) const;

 private:
  /// @returns whether this is an op and a separate activation alone, which any pass can run.
  [[nodiscard]] bool is_merged_pair() const { return parts_.merged && parts_.nodes.size() == 2; }
  [[nodiscard]] bool runs_block(const torch::Tensor& x, const ForwardContext& context) const;
  [[nodiscard]] torch::Tensor train(const torch::Tensor& y, kernels::BlockActivation activation,
                                    const std::vector<NodeState>& states,
                                    const ForwardContext& context) const;
  [[nodiscard]] torch::Tensor infer(const torch::Tensor& y, kernels::BlockActivation activation,
                                    const std::vector<NodeState>& states) const;

  Parts parts_;
};

/// All fused nodes of a graph.
class Fusion {
 public:
  Fusion() = default;
  explicit Fusion(std::size_t nodes) : block_of_(nodes, 0) {}

  void add(FusedNodes block);
  /// @returns the fused nodes that a node is part of, or nullptr.
  [[nodiscard]] const FusedNodes* block_of(model::NodeId id) const {
    return block_of_[id] == 0 ? nullptr : &blocks_[block_of_[id] - 1];
  }

 private:
  std::vector<FusedNodes> blocks_;
  std::vector<std::size_t> block_of_;  ///< Index in `blocks_` + 1; 0: none.
};

/// Finds the nodes to fuse.
Fusion fuse(const model::Graph& graph);

}  // namespace svhn::network
