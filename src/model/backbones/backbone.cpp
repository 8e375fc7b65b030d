#include "model/backbones/backbone.h"

#include <algorithm>
#include <array>
#include <set>

#include "core/fields_json.h"
#include "model/backbones/families.h"

namespace svhn::model {
namespace {

using MakeGraph = Graph (*)(const Shape&, const std::vector<int>&, BackboneVariant);

struct Family {
  std::string_view name;
  std::int64_t smallest;
  bool keras;  // Available in Keras.
  bool torch;  // Available in torchvision.
  MakeGraph make;
  std::vector<int> sizes;
};

const std::array<Family, 14>& families() {
  static const std::array<Family, 14> kFamilies{{
      {"vgg16", 32, true, true, vgg_graph, {2, 2, 3, 3, 3}},
      {"vgg19", 32, true, true, vgg_graph, {2, 2, 4, 4, 4}},
      {"resnet50", 32, true, true, resnet_graph, {3, 4, 6, 3}},
      {"resnet101v2", 32, true, false, resnet_v2_graph, {3, 4, 23, 3}},
      {"resnet152v2", 32, true, false, resnet_v2_graph, {3, 8, 36, 3}},
      {"densenet121", 32, true, true, densenet_graph, {6, 12, 24, 16}},
      {"densenet169", 32, true, true, densenet_graph, {6, 12, 32, 32}},
      {"densenet201", 32, true, true, densenet_graph, {6, 12, 48, 32}},
      {"inception_v3", 75, true, true, inception_v3_graph, {}},
      {"xception", 71, true, false, xception_graph, {}},
      {"inception_resnet_v2", 75, true, false, inception_resnet_graph, {}},
      {"nasnet_mobile", 32, true, false, nasnet_graph, {4, 32, 1056, 0}},
      {"nasnet_large", 32, true, false, nasnet_graph, {6, 96, 4032, 1}},
      {"squeezenet1_1", 21, false, true, squeezenet_graph, {}},
  }};
  return kFamilies;
}

constexpr std::array<std::string_view, 20> kNames{
    "vgg16",        "vgg19",         "resnet50",     "resnet101v2", "resnet152v2",         "densenet121",
    "densenet169",  "densenet201",   "inception_v3", "xception",    "inception_resnet_v2", "nasnet_mobile",
    "nasnet_large", "squeezenet1_1", kTorchScript,   "inceptionv3", "inceptionresnetv2",   "nasnetmobile",
    "nasnetlarge",  "squeezenet"};
constexpr std::array<std::array<std::string_view, 2>, 5> kAliases{
    {{"inceptionv3", "inception_v3"},
     {"inceptionresnetv2", "inception_resnet_v2"},
     {"nasnetmobile", "nasnet_mobile"},
     {"nasnetlarge", "nasnet_large"},
     {"squeezenet", "squeezenet1_1"}}};

const Family* find_family(std::string_view name) {
  const auto& all = families();
  const auto* found = std::find_if(all.begin(), all.end(), [&](const Family& f) { return f.name == name; });
  return found == all.end() ? nullptr : found;
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
  if (spec.top && family.make != squeezenet_graph)
    return {"only squeezenet1_1 has a 'top'", "remove it and end with a dense layer of your own"};
  if (!spec.feature_shape.empty())
    return {"a 'feature_shape' is for torchscript alone", "remove it: the shape follows from the input"};
  return {};
}

/// @returns the first pattern that matches no layer with tensors, or nullptr.
const std::string* unmatched_pattern(const BackboneSpec& spec, const Graph& graph) {
  for (const std::string& pattern : spec.trainable) {
    bool matched = false;
    for (NodeId id = 0; id < graph.nodes.size() && !matched; ++id) {
      const Node& node = graph.nodes[id];
      const bool matches = glob_matches(pattern, node.name) || glob_matches(pattern, node.torch);
      matched = matches && !node_tensors(graph, id).empty();
    }
    if (!matched) return &pattern;
  }
  return nullptr;
}

LayerError no_layer_matches(const std::string& pattern, const Graph& graph) {
  std::vector<std::string_view> names;
  for (NodeId id = 0; id < graph.nodes.size(); ++id) {
    if (!node_tensors(graph, id).empty()) names.push_back(graph.nodes[id].name);
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

LayerError plan_script(LayerPlan& plan, const BackboneSpec& spec) {
  if (plan.input.size() != 3)
    return {"needs an image, but its input is " + shape_text(plan.input), "put it first"};
  if (spec.feature_shape.empty() || !fits_bound(spec.feature_shape, kMaxActivations)) {
    return {"a torchscript backbone needs a 'feature_shape'",
            R"(say what it gives: "feature_shape": [512, 7, 7])"};
  }
  plan.output = spec.feature_shape;
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
  for (const ScriptTensor& tensor : spec.tensors) {
    // Roles without random initial values: the values come from the file.
    const TensorRole role = tensor.buffer ? TensorRole::running_mean : TensorRole::beta;
    const bool trainable = !tensor.buffer && matches_any(spec.trainable, tensor.name);
    plan.tensors.push_back({plan.layer.name + "." + tensor.name, tensor.shape, role, trainable, 0.0, 0.0});
  }
  return {};
}

void add_node(LayerPlan& plan, const BackboneSpec& spec, const Graph& graph, NodeId id) {
  const Node& node = graph.nodes[id];
  const bool trainable = is_trainable(spec, node);
  for (const NodeTensor& tensor : node_tensors(graph, id)) {
    plan.tensors.push_back({plan.layer.name + "." + node.name + "." + tensor.role, tensor.shape, tensor.use,
                            trainable && !is_running_statistic(tensor.use), 0.0, 0.0});
  }
}

}  // namespace

std::span<const std::string_view> backbone_names() {
  return kNames;
}

std::string_view canonical_backbone(std::string_view name) {
  const auto* alias =
      std::find_if(kAliases.begin(), kAliases.end(), [&](const auto& row) { return row[0] == name; });
  return alias == kAliases.end() ? name : (*alias)[1];
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

std::int64_t smallest_side(std::string_view name) {
  const Family* family = find_family(name);
  return family == nullptr ? 1 : family->smallest;
}

Graph backbone_graph(const BackboneSpec& spec, const Shape& input) {
  const Family* family = find_family(spec.backbone);
  const std::vector<int> top{spec.top ? 1 : 0};
  return family->make(input, family->make == squeezenet_graph ? top : family->sizes, variant_of(spec));
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

LayerError plan_backbone(LayerPlan& plan) {
  auto& spec = std::get<BackboneSpec>(plan.layer.kind);
  spec.backbone = canonical_backbone(spec.backbone);
  if (spec.backbone == kTorchScript) return plan_script(plan, spec);
  if (LayerError error = check_backbone(spec, plan.input)) return error;
  spec.variant = variant_of(spec);
  const Graph graph = backbone_graph(spec, plan.input);
  for (NodeId id = 0; id < graph.nodes.size(); ++id) add_node(plan, spec, graph, id);
  plan.output = graph.nodes.back().output;
  return {};
}

}  // namespace svhn::model
