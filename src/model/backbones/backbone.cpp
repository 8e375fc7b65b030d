#include "model/backbones/backbone.h"

#include <algorithm>

#include "core/fields_json.h"
#include "model/backbones/families.h"

namespace svhn::model {
namespace {

using MakeGraph = Graph (*)(const Shape&, const std::vector<int>&, BackboneVariant);

/// One row for each network.
struct Family {
  std::string_view name;
  std::string_view alias;  ///< Keras' or torchvision's spelling, if it differs.
  std::int64_t smallest;
  bool keras;  ///< Available in Keras.
  bool torch;  ///< Available in torchvision.
  MakeGraph make;
  std::vector<int> sizes;
  BackboneInput input;   ///< Of Keras' weights, or torchvision's where Keras has none.
  bool has_top = false;  ///< `top` keeps the published outputs.
};

const std::vector<Family>& families() {
  static const std::vector<Family> kFamilies{
      {"vgg16", "", 32, true, true, vgg_graph, {2, 2, 3, 3, 3}, BackboneInput::caffe},
      {"vgg19", "", 32, true, true, vgg_graph, {2, 2, 4, 4, 4}, BackboneInput::caffe},
      {"resnet50", "", 32, true, true, resnet_graph, {3, 4, 6, 3}, BackboneInput::caffe},
      {"resnet101v2", "", 32, true, false, resnet_v2_graph, {3, 4, 23, 3}, BackboneInput::tf},
      {"resnet152v2", "", 32, true, false, resnet_v2_graph, {3, 8, 36, 3}, BackboneInput::tf},
      {"densenet121", "", 32, true, true, densenet_graph, {6, 12, 24, 16}, BackboneInput::torch},
      {"densenet169", "", 32, true, true, densenet_graph, {6, 12, 32, 32}, BackboneInput::torch},
      {"densenet201", "", 32, true, true, densenet_graph, {6, 12, 48, 32}, BackboneInput::torch},
      {"inception_v3", "inceptionv3", 75, true, true, inception_v3_graph, {}, BackboneInput::tf},
      {"xception", "", 71, true, false, xception_graph, {}, BackboneInput::tf},
      {"inception_resnet_v2",
       "inceptionresnetv2",
       75,
       true,
       false,
       inception_resnet_graph,
       {},
       BackboneInput::tf},
      {"nasnet_mobile", "nasnetmobile", 32, true, false, nasnet_graph, {4, 32, 1056, 0}, BackboneInput::tf},
      {"nasnet_large", "nasnetlarge", 32, true, false, nasnet_graph, {6, 96, 4032, 1}, BackboneInput::tf},
      {"squeezenet1_1", "squeezenet", 21, false, true, squeezenet_graph, {}, BackboneInput::torch, true},
  };
  return kFamilies;
}

const Family* find_family(std::string_view name) {
  const auto found = std::ranges::find(families(), name, &Family::name);
  return found == families().end() ? nullptr : &*found;
}

LayerError check_input(const Family& family, const Shape& input) {
  if (input.size() != 3 || input[0] != 3) {
    return {"needs RGB images [3,height,width], but its input is " + shape_text(input),
            "put it first, and no 'greyscale' among data.preprocess"};
  }
  if (std::min(input[1], input[2]) >= family.smallest) return {};
  const std::string side = std::to_string(family.smallest);
  return {std::string(family.name) + " needs images of at least " + side + "x" + side +
              ", but its input is " + shape_text(input),
          R"(put {"type": "resize", "height": )" + side + R"(, "width": )" + side + "} before it"};
}

LayerError check_options(const Family& family, const BackboneSpec& spec) {
  if (!has_variant(family.name, spec.variant)) {
    const bool keras = spec.variant == BackboneVariant::keras;
    return {std::string(family.name) + " does not exist in the variant '" + (keras ? "keras" : "torch") + "'",
            std::string("only ") + (keras ? "torchvision" : "Keras") + " has it: leave the variant out"};
  }
  if (spec.top && !family.has_top)
    return {"only squeezenet1_1 has a 'top'", "remove it and end with a dense layer of your own"};
  if (!spec.feature_shape.empty())
    return {"a 'feature_shape' is for torchscript alone", "remove it: the shape follows from the input"};
  return {};
}

/// @returns the first pattern that matches no layer with tensors, or nullptr.
const std::string* unmatched_pattern(const BackboneSpec& spec, const Graph& graph) {
  for (const std::string& pattern : spec.trainable) {
    bool matched = false;
    for (const Node& node : graph.nodes) {
      const bool matches = glob_matches(pattern, node.name) || glob_matches(pattern, node.torch);
      matched = matched || (matches && !node.tensors.empty());
    }
    if (!matched) return &pattern;
  }
  return nullptr;
}

LayerError no_layer_matches(const std::string& pattern, const Graph& graph) {
  std::vector<std::string_view> names;
  for (const Node& node : graph.nodes) {
    if (!node.tensors.empty()) names.push_back(node.name);
  }
  const std::string_view near = core::nearest_name(pattern, names);
  return {"no layer with weights fits the pattern '" + pattern + "' of its 'trainable'",
          near.empty()
              ? "its layers are called " + std::string(names.front()) + " to " + std::string(names.back())
              : "did you mean '" + std::string(near) + "'?"};
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return glob_matches(pattern, name); });
}

LayerError check_script(const BackboneSpec& spec, const Shape& input) {
  if (input.size() != 3) return {"needs an image, but its input is " + shape_text(input), "put it first"};
  if (spec.feature_shape.empty() || !fits_bound(spec.feature_shape, kMaxActivations)) {
    return {"a torchscript backbone needs a 'feature_shape'",
            R"(say what it gives: "feature_shape": [512, 7, 7])"};
  }
  for (const std::string& pattern : spec.trainable) {
    // The tensors are unknown until the file is read.
    const bool unmatched =
        !spec.tensors.empty() &&
        std::none_of(spec.tensors.begin(), spec.tensors.end(), [&](const ScriptTensor& tensor) {
          return !tensor.buffer && glob_matches(pattern, tensor.name);
        });
    if (!unmatched) continue;
    return {"no parameter of '" + spec.weights + "' fits the pattern '" + pattern + "' of its 'trainable'",
            "its first tensor is called '" + spec.tensors.front().name + "'"};
  }
  return {};
}

/// Adds the node that prepares a backbone's input, where it needs one. @returns what the backbone reads.
NodeId add_input(GraphBuilder& builder, const BackboneSpec& spec, const BackbonePlace& place) {
  if (spec.input == BackboneInput::none) return place.input;
  const ImagenetInputOp op{spec.input};
  builder.push(
      {place.layer + ".input", "", op, {place.input}, builder.shape(place.input), {}, true, place.index});
  return builder.graph().output_node();
}

LayerError add_script(GraphBuilder& builder, const BackboneSpec& spec, const BackbonePlace& place) {
  if (LayerError error = check_script(spec, builder.shape(place.input))) return error;
  Node node{place.layer, "", ScriptOp{spec}, {add_input(builder, spec, place)}, {}, {}, true, place.index};
  if (LayerError error = infer_node(builder.graph(), node)) return error;
  for (TensorPlan& tensor : node.tensors) {
    const std::string_view own = std::string_view(tensor.name).substr(place.layer.size() + 1);
    tensor.trainable = tensor.trainable && matches_any(spec.trainable, own);
  }
  builder.push(std::move(node));
  return {};
}

/// Adds the nodes of a backbone's own graph behind the nodes that are there.
void splice(GraphBuilder& builder, const BackboneSpec& spec, const BackbonePlace& place, Graph graph) {
  const NodeId input = add_input(builder, spec, place);
  const NodeId offset = builder.graph().nodes.size() - 1;
  for (NodeId id = 1; id < graph.nodes.size(); ++id) {
    Node& node = graph.nodes[id];
    for (NodeId& from : node.inputs) from = from == 0 ? input : from + offset;
    node.trainable = is_trainable(spec, node);
    for (TensorPlan& tensor : node.tensors) {
      tensor.name = place.layer + "." + tensor.name;
      tensor.trainable = node.trainable && !is_running_statistic(tensor.role);
    }
    node.name = place.layer + "." + (node.name.empty() ? "node_" + std::to_string(id) : node.name);
    node.layer = place.index;
    builder.push(std::move(node));
  }
}

}  // namespace

std::span<const std::string_view> backbone_names() {
  static const std::vector<std::string_view> kNames = [] {
    std::vector<std::string_view> names = graph_backbones();
    names.push_back(kTorchScript);
    for (const Family& family : families()) {
      if (!family.alias.empty()) names.push_back(family.alias);
    }
    return names;
  }();
  return kNames;
}

std::string_view canonical_backbone(std::string_view name) {
  const auto found = name.empty() ? families().end() : std::ranges::find(families(), name, &Family::alias);
  return found == families().end() ? name : found->name;
}

std::vector<std::string_view> graph_backbones() {
  std::vector<std::string_view> names;
  for (const Family& family : families()) names.push_back(family.name);
  return names;
}

bool has_variant(std::string_view name, BackboneVariant variant) {
  const Family* family = find_family(name);
  if (family == nullptr || variant == BackboneVariant::automatic) return family != nullptr;
  return variant == BackboneVariant::keras ? family->keras : family->torch;
}

BackboneVariant variant_of(const BackboneSpec& spec) {
  if (spec.variant != BackboneVariant::automatic) return spec.variant;
  return has_variant(spec.backbone, BackboneVariant::keras) ? BackboneVariant::keras : BackboneVariant::torch;
}

BackboneInput native_input(std::string_view name, BackboneVariant variant) {
  const Family* family = find_family(name);
  if (family == nullptr) return BackboneInput::none;
  // torchvision's Inception has Keras' scaling.
  const bool torch = variant == BackboneVariant::torch && family->name != "inception_v3";
  return torch ? BackboneInput::torch : family->input;
}

std::int64_t smallest_side(std::string_view name) {
  const Family* family = find_family(name);
  return family == nullptr ? 1 : family->smallest;
}

Graph backbone_graph(const BackboneSpec& spec, const Shape& input) {
  const Family* family = find_family(spec.backbone);
  const std::vector<int> top{spec.top ? 1 : 0};
  return family->make(input, family->has_top ? top : family->sizes, variant_of(spec));
}

LayerError check_backbone(const BackboneSpec& spec, const Shape& input) {
  const Family* family = find_family(spec.backbone);
  if (family == nullptr)
    return {"there is no backbone '" + spec.backbone + "'", "'svhn config schema' lists their names"};
  if (LayerError error = check_options(*family, spec)) return error;
  if (LayerError error = check_input(*family, input)) return error;
  if (spec.trainable.empty()) return {};
  const Graph graph = backbone_graph(spec, input);
  const std::string* pattern = unmatched_pattern(spec, graph);
  return pattern == nullptr ? LayerError{} : no_layer_matches(*pattern, graph);
}

bool is_trainable(const BackboneSpec& spec, const Node& node) {
  return matches_any(spec.trainable, node.name) || matches_any(spec.trainable, node.torch);
}

bool glob_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, retry = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;  // The last star matches one character more.
      t = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

LayerError add_backbone(GraphBuilder& builder, BackboneSpec& spec, const BackbonePlace& place) {
  spec.backbone = canonical_backbone(spec.backbone);
  if (spec.backbone == kTorchScript) return add_script(builder, spec, place);
  const Shape input = builder.shape(place.input);
  if (LayerError error = check_backbone(spec, input)) return error;
  spec.variant = variant_of(spec);
  splice(builder, spec, place, backbone_graph(spec, input));
  return {};
}

}  // namespace svhn::model
