#pragma once
/// The table of the ops' forward functions: one line for each op of model/ops/operation.h. An op that is
/// missing here does not compile.

#include "network/ops/run.h"

namespace svhn::network {

torch::Tensor forward(const model::FlattenOp& op, const OpRun& run);
torch::Tensor forward(const model::ReshapeOp& op, const OpRun& run);
torch::Tensor forward(const model::DenseOp& op, const OpRun& run);
torch::Tensor forward(const model::Conv2dOp& op, const OpRun& run);
torch::Tensor forward(const model::BatchNormOp& op, const OpRun& run);
torch::Tensor forward(const model::MaxPool2dOp& op, const OpRun& run);
torch::Tensor forward(const model::AveragePool2dOp& op, const OpRun& run);
torch::Tensor forward(const model::GlobalAveragePoolOp& op, const OpRun& run);
torch::Tensor forward(const model::DropoutOp& op, const OpRun& run);
torch::Tensor forward(const model::ActivationOp& op, const OpRun& run);
torch::Tensor forward(const model::ResizeOp& op, const OpRun& run);
torch::Tensor forward(const model::AddOp& op, const OpRun& run);
torch::Tensor forward(const model::ConcatOp& op, const OpRun& run);
torch::Tensor forward(const model::LeakyReluOp& op, const OpRun& run);
torch::Tensor forward(const model::PreluOp& op, const OpRun& run);
torch::Tensor forward(const model::DepthwiseConv2dOp& op, const OpRun& run);
torch::Tensor forward(const model::SeparableConv2dOp& op, const OpRun& run);
torch::Tensor forward(const model::ZeroPad2dOp& op, const OpRun& run);
torch::Tensor forward(const model::Crop2dOp& op, const OpRun& run);
torch::Tensor forward(const model::GlobalMaxPoolOp& op, const OpRun& run);
torch::Tensor forward(const model::LayerNormOp& op, const OpRun& run);
torch::Tensor forward(const model::RescaleOp& op, const OpRun& run);
torch::Tensor forward(const model::NormalizeOp& op, const OpRun& run);
torch::Tensor forward(const model::ImagenetInputOp& op, const OpRun& run);
torch::Tensor forward(const model::ScriptOp& op, const OpRun& run);

}  // namespace svhn::network
