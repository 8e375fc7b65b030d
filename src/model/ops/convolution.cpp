#include "model/ops/convolution.h"

namespace svhn::model {

using core::Fields;
using core::Need;

namespace {

void add_bias(OpPlan& plan, bool use_bias) {
  if (use_bias) plan.tensors.push_back({"bias", {plan.output[0]}, TensorRole::bias});
}

constexpr std::array<core::Name<KernelInitializer>, 2> kInitializers{
    {{KernelInitializer::glorot_uniform, "glorot_uniform"}, {KernelInitializer::whitening, "whitening"}}};

/// Whitening has a filter for each principal component of the patches, or the first of them, in both signs.
LayerError check_whitening(std::int64_t filters, std::int64_t numbers) {
  if (filters % 2 == 0 && filters <= 2 * numbers) return {};
  return {"its " + std::to_string(filters) + " filters are not an even number up to 2 x " +
              std::to_string(numbers) + ", the numbers of a patch",
          "whitening has two filters, of both signs, for each principal component: take " +
              std::to_string(2 * numbers)};
}

void describe_multiplier(Fields& f, std::int64_t& multiplier) {
  describe_sparse(f, {"depth_multiplier", "Kernels for each input channel."}, multiplier, 1, {1, kMaxUnits});
}

}  // namespace

void Conv2dOp::describe(Fields& f) {
  f.integer({"filters", "Number of output channels.", Need::required}, filters, {1, kMaxUnits});
  describe_kernel(f, window);
  describe_sparse(f, {"groups", "Groups of channels that are convolved separately."}, groups, 1,
                  {1, kMaxUnits});
  describe_activation(f, activation);
  f.boolean({"use_bias", "Add a bias."}, use_bias);
  describe_penalties(f, l1, l2);
  describe_sparse(
      f,
      {"kernel_initializer",
       "Initial weights; whitening: uncorrelated outputs of equal variance, for a layer that reads "
       "the images."},
      initializer, KernelInitializer::glorot_uniform, kInitializers);
}

LayerError Conv2dOp::infer(OpPlan& plan) const {
  if (LayerError error = needs_positive(filters, "filters")) return error;
  if (LayerError error = needs_positive(groups, "groups")) return error;
  const Window w = window.resolved();
  if (LayerError error = infer_window(plan, w, filters, "kernel")) return error;
  const std::int64_t channels = plan.x()[0];
  if (channels % groups != 0 || filters % groups != 0) {
    return {"its " + std::to_string(groups) + " groups divide neither its " + std::to_string(channels) +
                " input channels nor its " + std::to_string(filters) + " filters evenly",
            "choose a number that divides both"};
  }
  if (initializer == KernelInitializer::whitening) {
    if (groups > 1) return {"whitening looks at all channels, but it has groups", "leave out groups"};
    if (LayerError error = check_whitening(filters, channels * w.height * w.width)) return error;
  }
  plan.tensors = {{"weight", {filters, channels / groups, w.height, w.width}, TensorRole::kernel, l1, l2}};
  add_bias(plan, use_bias);
  return {};
}

void DepthwiseConv2dOp::describe(Fields& f) {
  describe_kernel(f, window);
  describe_multiplier(f, multiplier);
  describe_activation(f, activation);
  f.boolean({"use_bias", "Add a bias."}, use_bias);
}

LayerError DepthwiseConv2dOp::infer(OpPlan& plan) const {
  if (LayerError error = needs_image(plan)) return error;
  if (LayerError error = needs_positive(multiplier, "depth_multiplier")) return error;
  const Window w = window.resolved();
  const std::int64_t outputs = plan.x()[0] * multiplier;
  if (LayerError error = infer_window(plan, w, outputs, "kernel")) return error;
  plan.tensors = {{"weight", {outputs, 1, w.height, w.width}, TensorRole::kernel}};
  add_bias(plan, use_bias);
  return {};
}

void SeparableConv2dOp::describe(Fields& f) {
  f.integer({"filters", "Number of output channels.", Need::required}, filters, {1, kMaxUnits});
  describe_kernel(f, window);
  describe_multiplier(f, multiplier);
  describe_activation(f, activation);
  f.boolean({"use_bias", "Add a bias."}, use_bias);
}

LayerError SeparableConv2dOp::infer(OpPlan& plan) const {
  if (LayerError error = needs_positive(filters, "filters")) return error;
  if (LayerError error = needs_positive(multiplier, "depth_multiplier")) return error;
  const Window w = window.resolved();
  if (LayerError error = infer_window(plan, w, filters, "kernel")) return error;
  const std::int64_t channels = plan.x()[0] * multiplier;
  plan.tensors = {{"depthwise.weight", {channels, 1, w.height, w.width}, TensorRole::kernel},
                  {"pointwise.weight", {filters, channels, 1, 1}, TensorRole::kernel}};
  add_bias(plan, use_bias);
  return {};
}

}  // namespace svhn::model
