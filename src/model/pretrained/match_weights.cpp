#include "model/pretrained/match_weights.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "core/error.h"
#include "core/json.h"

namespace svhn::model {
namespace {

using core::Error;
using core::ExitCode;

constexpr std::size_t kListed = 3;  // Names in a message.
constexpr std::array<std::string_view, 2> kCounted{"conv2d", "batch_normalization"};
constexpr std::array<std::string_view, 8> kTops{"predictions", "fc",        "fc1",  "fc2",
                                                "classifier",  "AuxLogits", "head", "pre_logits"};

using Arrays = std::unordered_map<std::string, const WeightArray*>;

/// A tensor of the network, under both names.
struct Wanted {
  std::string keras;
  std::string torch;
  Shape shape;
};

std::vector<Wanted> wanted_arrays(const Graph& graph) {
  std::vector<Wanted> list;
  for (const Node& node : graph.nodes) {
    for (const TensorPlan& tensor : node.tensors) {
      const std::string role = tensor.name.substr(node.name.size());
      list.push_back({tensor.name, node.torch + role, tensor.shape});
    }
  }
  return list;
}

/// A numbered layer's name, such as "conv2d_17"; Keras' first one has no number.
struct CountedName {
  std::string_view type;
  int number = 0;
  std::string_view role;  ///< ".weight" …
};

std::optional<CountedName> counted_name(std::string_view name) {
  const std::size_t dot = name.find('.');
  const std::string_view layer = name.substr(0, dot);
  for (const std::string_view type : kCounted) {
    if (!layer.starts_with(type) || dot == std::string_view::npos) continue;
    const std::string_view rest = layer.substr(type.size());
    if (rest.empty()) return CountedName{type, 0, name.substr(dot)};
    const std::string_view digits = rest.substr(1);
    const bool number =
        rest[0] == '_' && !digits.empty() && digits.size() < 8 &&
        std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (number) return CountedName{type, std::stoi(std::string(digits)), name.substr(dot)};
  }
  return std::nullopt;
}

/// Maps Keras' names in a file to those of the graph: numbers count from 1, whatever they start at in the
/// file, and the '/' of older versions becomes '_'.
class KerasNames {
 public:
  explicit KerasNames(const WeightSource& source) {
    std::map<std::string_view, std::set<int>> numbers;
    for (const WeightArray& array : source.arrays) {
      if (const auto counted = counted_name(array.name)) numbers[counted->type].insert(counted->number);
    }
    for (const auto& [type, found] : numbers) {
      int index = 0;
      for (const int number : found) indices_[{type, number}] = ++index;
    }
  }

  [[nodiscard]] std::string operator()(std::string_view name) const {
    if (const auto counted = counted_name(name)) {
      const int index = indices_.at({counted->type, counted->number});
      return std::string(counted->type) + "_" + std::to_string(index) + std::string(counted->role);
    }
    std::string result(name);
    std::replace(result.begin(), result.end(), '/', '_');
    return result;
  }

 private:
  std::map<std::pair<std::string_view, int>, int> indices_;
};

/// torchvision's DenseNet files still have names from before dots were forbidden in them:
/// "norm.1.weight" is "norm1.weight".
std::string torch_name(std::string_view name) {
  std::string result(name);
  const std::size_t layer = result.find("denselayer");
  if (layer == std::string::npos) return result;
  for (const std::string_view part : {".norm.", ".conv."}) {
    const std::size_t at = result.find(part, layer);
    if (at != std::string::npos) result.erase(at + part.size() - 1, 1);
  }
  return result;
}

bool is_top(std::string_view name) {
  const std::string_view first = name.substr(0, name.find('.'));
  return std::find(kTops.begin(), kTops.end(), first) != kTops.end();
}

/// @returns the module that all names lie in, "model." of a network that held this one; "" for none.
std::string common_module(const WeightSource& source) {
  if (source.arrays.empty()) return "";
  std::string_view common = source.arrays.front().name;
  for (const WeightArray& array : source.arrays) {
    const auto [end, other] =
        std::mismatch(common.begin(), common.end(), array.name.begin(), array.name.end());
    common = common.substr(0, static_cast<std::size_t>(end - common.begin()));
  }
  const std::size_t dot = common.rfind('.');
  return std::string(common.substr(0, dot == std::string_view::npos ? 0 : dot + 1));
}

/// @param module in front of all names, left out. @returns the file's arrays by Keras' or torchvision's
/// names.
Arrays arrays_by_name(const WeightSource& source, bool keras, const std::string& module = "") {
  const KerasNames keras_name(source);
  Arrays arrays;
  for (const WeightArray& array : source.arrays) {
    const std::string_view name = std::string_view(array.name).substr(module.size());
    arrays.emplace(keras ? keras_name(name) : torch_name(name), &array);
  }
  return arrays;
}

std::size_t count_found(const std::vector<Wanted>& wanted, const Arrays& arrays, bool keras) {
  return static_cast<std::size_t>(std::count_if(wanted.begin(), wanted.end(), [&](const Wanted& item) {
    return arrays.contains(keras ? item.keras : item.torch);
  }));
}

/// All mismatches, for one message.
struct Misfits {
  std::vector<std::string> missing;
  std::vector<std::string> unexpected;
  std::vector<std::string> shaped;

  [[nodiscard]] bool none() const { return missing.empty() && unexpected.empty() && shaped.empty(); }
  [[nodiscard]] std::string text() const {
    std::string result;
    for (const auto& [what, names] :
         {std::pair{"missing", &missing}, {"unexpected", &unexpected}, {"wrongly shaped", &shaped}}) {
      if (names->empty()) continue;
      result += (result.empty() ? "" : "; ") + std::to_string(names->size()) + " " + what + " (";
      for (std::size_t i = 0; i < std::min(kListed, names->size()); ++i)
        result += (i == 0 ? "" : ", ") + core::printable((*names)[i], 100);
      result += names->size() > kListed ? ", …)" : ")";
    }
    return result;
  }
};

std::vector<std::string> unexpected_arrays(const WeightSource& source,
                                           const std::vector<const WeightArray*>& found) {
  const std::set<const WeightArray*> used(found.begin(), found.end());
  const std::string module = common_module(source);
  std::vector<std::string> names;
  for (const WeightArray& array : source.arrays) {
    const std::string_view name = std::string_view(array.name).substr(module.size());
    if (!used.contains(&array) && !is_top(array.name) && !is_top(name)) names.push_back(array.name);
  }
  return names;
}

/// @param wanted the number of arrays. @param keras whether most names are Keras'.
[[noreturn]] void refuse(const BackboneSpec& spec, std::size_t wanted, bool keras, const Misfits& misfits,
                         const std::filesystem::path& file) {
  // Of weights of another network only a few names are the same.
  const bool mostly = 2 * misfits.missing.size() < wanted;
  const bool other = mostly && keras != (variant_of(spec) == BackboneVariant::keras);
  const std::string theirs = keras ? "keras" : "torch";
  const bool says =
      other && has_variant(spec.backbone, keras ? BackboneVariant::keras : BackboneVariant::torch);
  throw Error(
      ExitCode::model, "'" + file.string() + "' does not fit " + spec.backbone + ": " + misfits.text(),
      says ? "its names are those of the variant '" + theirs + "': say \"variant\": \"" + theirs + "\""
           : "these are not this network's weights; 'svhn info' lists what a converted file holds");
}

}  // namespace

std::vector<const WeightArray*> match_weights(const BackboneSpec& spec, const Graph& graph,
                                              const WeightSource& source, const std::filesystem::path& file) {
  const std::vector<Wanted> wanted = wanted_arrays(graph);
  Arrays arrays = arrays_by_name(source, true);
  Arrays torch_arrays = arrays_by_name(source, false);
  Arrays inner_arrays = arrays_by_name(source, false, common_module(source));
  if (count_found(wanted, inner_arrays, false) > count_found(wanted, torch_arrays, false))
    torch_arrays = std::move(inner_arrays);
  const bool keras = count_found(wanted, arrays, true) >= count_found(wanted, torch_arrays, false);
  if (!keras) arrays = std::move(torch_arrays);
  Misfits misfits;
  std::vector<const WeightArray*> found;
  for (const Wanted& item : wanted) {
    const std::string& name = keras ? item.keras : item.torch;
    const auto array = arrays.find(name);
    if (array == arrays.end()) {
      misfits.missing.push_back(name);
      continue;
    }
    found.push_back(array->second);
    if (found.back()->shape != item.shape)
      misfits.shaped.push_back(name + " " + shape_text(found.back()->shape) + ", not " +
                               shape_text(item.shape));
  }
  misfits.unexpected = unexpected_arrays(source, found);
  if (!misfits.none()) refuse(spec, wanted.size(), keras, misfits, file);
  return found;
}

bool has_random_weights(const BackboneSpec& spec) {
  return spec.weights == "random";
}

void resolve_variants(ModelSpec& spec) {
  for (LayerSpec& layer : spec.layers) {
    auto* backbone = std::get_if<BackboneSpec>(&layer.op);
    if (backbone == nullptr || backbone->variant != BackboneVariant::automatic) continue;
    const bool both = has_variant(backbone->backbone, BackboneVariant::keras) &&
                      has_variant(backbone->backbone, BackboneVariant::torch);
    backbone->variant = variant_of(*backbone);
    if (!both || !std::filesystem::is_regular_file(backbone->weights)) continue;
    const WeightSource source = open_weights(backbone->weights);
    BackboneSpec as_torch = *backbone;
    as_torch.variant = BackboneVariant::torch;
    // Tensor names do not depend on the input's size.
    const Shape input{3, smallest_side(backbone->backbone), smallest_side(backbone->backbone)};
    const std::vector<Wanted> wanted = wanted_arrays(backbone_graph(as_torch, input));
    const std::size_t torch =
        std::max(count_found(wanted, arrays_by_name(source, false), false),
                 count_found(wanted, arrays_by_name(source, false, common_module(source)), false));
    if (torch > count_found(wanted, arrays_by_name(source, true), true))
      backbone->variant = BackboneVariant::torch;
  }
}

}  // namespace svhn::model
