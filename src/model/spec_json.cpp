#include "model/spec_json.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <variant>

#include "core/fields_json.h"
#include "model/backbones/backbone.h"

namespace svhn::model {
namespace {

using core::Fields;
using core::Name;
using core::Need;
using core::Visitor;

constexpr std::array<Name<BackboneInput>, 4> kInputs{{{BackboneInput::none, "none"},
                                                      {BackboneInput::caffe, "caffe"},
                                                      {BackboneInput::torch, "torch"},
                                                      {BackboneInput::tf, "tf"}}};
constexpr std::array<Name<BackboneVariant>, 3> kVariants{{{BackboneVariant::automatic, "auto"},
                                                          {BackboneVariant::keras, "keras"},
                                                          {BackboneVariant::torch, "torch"}}};

constexpr core::TextRule kNameRule{64, "[A-Za-z0-9_-]+", "letters, digits, '_' and '-' only"};
/// A layer, or a node inside one.
constexpr core::TextRule kInputRule{256, "[A-Za-z0-9_.-]+", "letters, digits, '_', '-' and '.' only"};
constexpr core::TextRule kPathRule{256, "[A-Za-z0-9_.-]+", "letters, digits, '_', '-' and '.' only"};
constexpr core::TextRule kGlobRule{64, "[A-Za-z0-9_.*?-]+",
                                   "letters, digits, '_', '-', '.', '*' and '?' only"};

void describe_shape(Fields& f, const core::Key& key, std::vector<std::int64_t>& shape, std::size_t rank) {
  f.list(key, shape, {0, rank}, [](Visitor& v, std::int64_t& size) {
    v.integer(size, {1, std::int64_t{1} << 31});
  });
}

void describe_tensor(Fields& f, ScriptTensor& tensor) {
  f.text({"name", "Path of the tensor in the module.", Need::required}, tensor.name, kPathRule);
  describe_shape(f, {"shape", "Shape of the tensor.", Need::required}, tensor.shape, 8);
  f.boolean({"buffer", "Whether the tensor is a buffer, which is never trained."}, tensor.buffer);
}

void describe_script(Fields& f, BackboneSpec& spec) {
  describe_shape(f, {"feature_shape", "torchscript: output shape without the batch dimension."},
                 spec.feature_shape, 3);
  f.list({"tensors", "torchscript: tensors of the file; filled in when it is read."}, spec.tensors, {0, 5000},
         [](Visitor& v, ScriptTensor& tensor) {
           v.object([&](Fields& inner) { describe_tensor(inner, tensor); });
         });
}

void describe(Fields& f, BackboneSpec& spec) {
  f.member({"weights", "Weights file (.safetensors, .h5, .pth), or random; null: none given."},
           [&](Visitor& v) {
             bool present = !spec.weights.empty();
             v.nullable(present, [&](Visitor& inner) { inner.text(spec.weights, {}); });
             if (!present) spec.weights.clear();
           });
  f.choice({"variant", "Keras' or torchvision's version of the network; auto: the one the weights fit."},
           spec.variant, kVariants);
  f.choice({"input", "Input preprocessing that the weights expect: none (RGB in [0,1]), caffe, torch or tf."},
           spec.input, kInputs);
  f.list({"trainable", "Name patterns of the layers to train (block5*); empty: frozen."}, spec.trainable,
         {0, 100}, [](Visitor& v, std::string& pattern) { v.text(pattern, kGlobRule); });
  // Each of these keys belongs to one network; the schema, which has no name yet, lists them all.
  const bool any = spec.backbone.empty();
  if (any || spec.backbone == "squeezenet1_1")
    f.boolean({"top", "Keep the 1000 ImageNet outputs (squeezenet1_1 only)."}, spec.top);
  if (any || spec.backbone == kTorchScript) describe_script(f, spec);
}

void describe_backbone_name(Fields& f, BackboneSpec& spec) {
  f.choice({"name", "Name of the network.", Need::required}, spec.backbone, backbone_names());
  spec.backbone = canonical_backbone(spec.backbone);
}

/// A backbone's "name" selects the network, as Keras names a nested model; the layer's own is "layer_name".
void describe_names(Fields& f, LayerSpec& layer) {
  if (auto* backbone = std::get_if<BackboneSpec>(&layer.op)) {
    describe_backbone_name(f, *backbone);
    f.text({"layer_name", "Unique name of the layer; default: the network's name."}, layer.name, kNameRule);
  } else {
    f.text({"name", "Unique name of the layer; default: type and number (dense_2)."}, layer.name, kNameRule);
  }
}

/// The ops that a layer may be, by the names of their types.
const std::vector<std::string_view>& layer_types() {
  static const std::vector<std::string_view> kTypes = [] {
    std::vector<std::string_view> types;
    for (const OpInfo& info : kOpInfos) {
      if (info.in_json) types.push_back(info.type);
    }
    return types;
  }();
  return kTypes;
}

/// Names of nodes, most layers have none: the layer before.
void describe_inputs(Fields& f, LayerSpec& layer) {
  const core::Key key{"inputs", "Names of the earlier layers to read, or input; default: the layer before."};
  const core::ListAccess list{layer.inputs.size(), [&](std::size_t size) { layer.inputs.assign(size, {}); },
                              [&](Visitor& v, std::size_t i) { v.text(layer.inputs[i], kInputRule); }};
  f.sparse(key, layer.inputs.empty(), [&](Visitor& v) { v.list(list, {0, kMostInputs}); });
}

void describe_op(Fields& f, Operation& op) {
  std::visit(
      [&](auto& own) {
        if constexpr (requires { own.describe(f); }) {
          own.describe(f);
        } else if constexpr (std::is_same_v<std::decay_t<decltype(own)>, BackboneSpec>) {
          describe(f, own);
        }
      },
      op);
}

void describe_layer(Visitor& visitor, LayerSpec& layer) {
  std::size_t index = layer.op.index();
  visitor.tagged({"type", "Type of the layer."}, layer_types(), index, [&](Fields& f) {
    if (layer.op.index() != index) layer.op = default_op(index);
    describe_names(f, layer);
    describe_inputs(f, layer);
    describe_op(f, layer.op);
    if (std::holds_alternative<BackboneSpec>(layer.op)) return;
    f.boolean({"trainable", "Whether the layer is trained; false: frozen."}, layer.trainable);
  });
}

}  // namespace

void describe_backbone(Fields& fields, BackboneSpec& spec) {
  describe_backbone_name(fields, spec);
  describe(fields, spec);
}

void describe_model(Fields& fields, ModelSpec& spec) {
  name_layers(spec);
  fields.list({"layers", "Layers of the network, first to last.", Need::required}, spec.layers, {1, 1000},
              describe_layer);
  name_layers(spec);
  const std::size_t repeated = first_repeated_name(spec);
  const bool unique = repeated == spec.layers.size();
  fields.check(unique, "layers/" + std::to_string(repeated),
               unique ? "" : "an earlier layer is called '" + spec.layers[repeated].name + "' too");
}

ModelSpec model_from_json(const nlohmann::json& document, const std::string& source, core::ExitCode code) {
  ModelSpec spec;
  core::Problems problems(source);
  core::read_fields(
      document, [&](Visitor& v) { v.object([&](Fields& f) { describe_model(f, spec); }); }, problems);
  problems.throw_if_any(code, "the description of the network is damaged or of a newer version");
  return spec;
}

nlohmann::ordered_json model_to_json(const ModelSpec& spec) {
  ModelSpec copy = spec;
  return core::write_fields([&](Visitor& v) { v.object([&](Fields& f) { describe_model(f, copy); }); });
}

void name_layers(ModelSpec& spec) {
  std::map<std::string_view, int> counts;
  for (LayerSpec& layer : spec.layers) {
    const auto* backbone = std::get_if<BackboneSpec>(&layer.op);
    const std::string_view type =
        backbone != nullptr ? canonical_backbone(backbone->backbone) : type_name(layer.op);
    const int number = ++counts[type];
    if (!layer.name.empty()) continue;
    layer.name = type;
    if (backbone == nullptr || number > 1) layer.name += "_" + std::to_string(number);
  }
}

bool is_layer_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kNameRule.max_bytes &&
         std::all_of(name.begin(), name.end(), allowed);
}

std::size_t first_repeated_name(const ModelSpec& spec) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    if (!seen.insert(spec.layers[i].name).second) return i;
  }
  return spec.layers.size();
}

std::vector<std::size_t> backbone_layers(const ModelSpec& model) {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    if (std::holds_alternative<BackboneSpec>(model.layers[i].op)) indices.push_back(i);
  }
  return indices;
}

ModelSpec with_backbone(ModelSpec model, std::size_t index, const BackboneSpec& backbone,
                        std::optional<std::int64_t> resize) {
  model.layers[index] = {"", backbone};
  if (resize) {
    model.layers.insert(model.layers.begin() + static_cast<std::ptrdiff_t>(index),
                        {"", ResizeOp{*resize, *resize}});
  }
  name_layers(model);
  return model;
}

}  // namespace svhn::model
