#include "network/ops/script.h"

#include <torch/script.h>

#include <filesystem>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "network/ops/forward.h"
#include "network/ops/tensor_ops.h"

namespace svhn::network {
namespace {

using core::Error;
using core::ExitCode;
using torch::Tensor;

torch::jit::Module load_module(const model::BackboneSpec& spec) {
  if (!std::filesystem::is_regular_file(spec.weights)) {
    throw Error(ExitCode::model, "there is no TorchScript file '" + spec.weights + "'",
                "torch.jit.script(module).save(…) writes one; name it as the backbone's \"weights\"");
  }
  try {
    return torch::jit::load(spec.weights, torch::kCPU);
  } catch (const c10::Error& error) {
    throw Error(ExitCode::model,
                "'" + spec.weights + "' is not a TorchScript file: " +
                    core::printable(std::string_view(error.what_without_backtrace()), 160),
                "torch.jit.script(module).save(…) writes one; .pth files hold weights alone");
  }
}

[[noreturn]] void refuse_changed(const std::string& file, const std::string& what) {
  throw Error(ExitCode::model, "'" + file + "': " + what,
              "the file has changed since the network was planned");
}

std::vector<model::ScriptTensor> list_tensors(const torch::jit::Module& module) {
  std::vector<model::ScriptTensor> list;
  for (const auto& item : module.named_parameters())
    list.push_back({item.name, item.value.sizes().vec(), false});
  for (const auto& item : module.named_buffers()) {
    if (item.value.is_floating_point() && item.value.numel() > 0)
      list.push_back({item.name, item.value.sizes().vec(), true});
  }
  return list;
}

/// A tensor's module and its name in the module: "features.0.weight" is "weight" of "features.0".
struct Owner {
  torch::jit::Module owner;
  std::string name;
};

Owner find_owner(torch::jit::Module module, const std::string& path, const std::string& file) {
  const auto missing = [&] { refuse_changed(file, "there is no tensor '" + path + "'"); };
  std::size_t begin = 0;
  for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', begin)) {
    const std::string part = path.substr(begin, dot - begin);
    if (!module.hasattr(part) || !module.attr(part).isModule()) missing();
    module = module.attr(part).toModule();
    begin = dot + 1;
  }
  const std::string name = path.substr(begin);
  if (!module.hasattr(name) || !module.attr(name).isTensor()) missing();
  return {module, name};
}

class ScriptFile : public ScriptModule {
 public:
  ScriptFile(const model::Node& node, const std::vector<Tensor>& tensors, bool take_values)
      : spec_(std::get<model::ScriptOp>(node.op).spec),
        file_(spec_.weights),
        output_(node.output),
        module_(load_module(spec_)),
        take_values_(take_values) {
    const std::size_t count = list_tensors(module_).size();
    if (count != spec_.tensors.size()) {
      refuse_changed(file_, "it has " + std::to_string(count) +
                                " tensors, where the network was planned with " +
                                std::to_string(spec_.tensors.size()));
    }
    for (std::size_t i = 0; i < spec_.tensors.size(); ++i) adopt(spec_.tensors[i], tensors[i]);
    for (const model::TensorPlan& item : node.tensors) any_trainable_ = any_trainable_ || item.trainable;
  }

  Tensor forward(const Tensor& input, const ForwardContext& context) override {
    set_training(context.training && any_trainable_);
    const Tensor x = input.to(torch::kFloat32), y = run(x);
    model::Shape expected{x.size(0)};
    expected.insert(expected.end(), output_.begin(), output_.end());
    if (y.sizes() != at::IntArrayRef(expected)) {
      throw Error(ExitCode::model,
                  "'" + file_ + "' gives " + model::shape_text(y.sizes().vec()) + ", not " +
                      model::shape_text(expected),
                  "correct the backbone's 'feature_shape' (without the batch)");
    }
    return y.to(input.scalar_type());
  }

 private:
  /// Replaces the module's tensor by the network's, so that gradients and device moves apply to it.
  void adopt(const model::ScriptTensor& item, const Tensor& ours) {
    Owner owned = find_owner(module_, item.name, file_);
    const Tensor theirs = owned.owner.attr(owned.name).toTensor();
    if (theirs.sizes() != ours.sizes())
      refuse_changed(file_, "'" + item.name + "' is no longer " + model::shape_text(item.shape));
    const torch::NoGradGuard no_grad;
    if (take_values_) ours.detach().copy_(theirs);
    owned.owner.setattr(owned.name, ours);
  }

  /// Modules whose parameters are all frozen stay in inference mode, so that batch norms keep their
  /// statistics.
  void set_training(bool training) {
    for (torch::jit::Module part : module_.modules()) {
      if (!part.hasattr("training")) continue;
      bool owns = false, trains = false;
      for (const Tensor& parameter : part.parameters(false)) {
        owns = true;
        trains = trains || parameter.requires_grad();
      }
      part.setattr("training", training && (trains || !owns));
    }
  }

  Tensor run(const Tensor& x) {
    try {
      return module_.forward({x}).toTensor();
    } catch (const c10::Error& error) {
      throw Error(ExitCode::model,
                  "'" + file_ + "' fails on images " + model::shape_text(x.sizes().vec()) + ": " +
                      core::printable(std::string_view(error.what_without_backtrace()), 160),
                  "the file must take [N,3,H,W] and give one tensor");
    } catch (const std::runtime_error& error) {
      throw Error(ExitCode::model,
                  "'" + file_ + "' fails: " + core::printable(std::string_view(error.what()), 160),
                  "the file must take [N,3,H,W] and give one tensor");
    }
  }

  model::BackboneSpec spec_;
  std::string file_;
  model::Shape output_;
  torch::jit::Module module_;
  bool take_values_;
  bool any_trainable_ = false;
};

}  // namespace

std::vector<model::ScriptTensor> script_tensors(const model::BackboneSpec& spec) {
  return list_tensors(load_module(spec));
}

std::shared_ptr<ScriptModule> make_script(const model::Node& node, const std::vector<Tensor>& tensors,
                                          bool take_values) {
  return std::make_shared<ScriptFile>(node, tensors, take_values);
}

}  // namespace svhn::network
