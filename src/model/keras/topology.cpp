#include "model/keras/topology.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>

#include "core/error.h"
#include "core/json.h"

namespace svhn::model {
namespace {

using nlohmann::json;
using Document = std::shared_ptr<const json>;

constexpr std::size_t kInput = 0;  // Of KerasCall::inputs.
constexpr std::size_t kMostCalls = 20'000;

[[noreturn]] void refuse_model(const std::string& file, const std::string& what) {
  throw core::Error(core::ExitCode::model, "'" + file + "': " + what,
                    "Sequential and functional models of one input and one output are read");
}

bool is_model(const KerasLayer& layer) {
  const std::string& type = layer.type();
  return type == "Sequential" || type == "Functional" || type == "Model";
}

/// @returns what points into a document and keeps it alive.
Document part(const Document& document, const json& value) {
  return {document, &value};
}

/// @returns the list of a model's layers.
const json& listed_layers(const KerasLayer& model) {
  const auto found = model.config().find("layers");
  if (found == model.config().end() || !found->is_array() || found->empty())
    model.refuse("it lists no layers");
  return *found;
}

/// A tensor that a layer reads: output `call` of a layer.
struct Reference {
  std::string layer;
  std::int64_t call = 0;
};

/// @param history ["dense",0,0]: a layer, its call, which of its outputs.
std::optional<Reference> reference_of(const json& history) {
  const bool sound = history.is_array() && history.size() >= 3 && history[0].is_string() &&
                     history[1].is_number_integer() && history[2] == 0;
  if (!sound) return std::nullopt;
  return Reference{history[0].get<std::string>(), history[1].get<std::int64_t>()};
}

/// Refuses arguments of a call that change what a layer does.
/// @param training whether "training" counts: Keras 2 heeds it in inference, Keras 3 does not.
void check_arguments(const KerasLayer& layer, const json& arguments, bool training) {
  if (!arguments.is_object()) return;
  for (const auto& [key, value] : arguments.items()) {
    if (value.is_null() || (key == "training" && (!training || value == false))) continue;
    if (key == "training")
      layer.refuse("it is called with training=True, so that it acts in inference as in training",
                   "call the layer without that argument");
    layer.refuse("it is called with the argument '" + core::printable(key) + "'",
                 "call layers with tensors alone");
  }
}

[[noreturn]] void refuse_argument(const KerasLayer& layer) {
  const bool operation = layer.type() == "TFOpLambda" || layer.type() == "SlicingOpLambda";
  layer.refuse("it is called with something else than tensors",
               operation ? "use layers such as Add in place of operators" : "call layers with tensors alone");
}

/// Keras 3: {"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": […]}}], "kwargs": {}};
/// lists may hold tensors.
void collect_arguments(const KerasLayer& layer, const json& value, std::vector<Reference>& result) {
  if (value.is_array()) {
    for (const json& item : value) collect_arguments(layer, item, result);
    return;
  }
  const bool tensor = value.is_object() && text_of(value, "class_name") == "__keras_tensor__" &&
                      value.contains("config") && value["config"].is_object();
  const auto reference = tensor ? reference_of(value["config"].value("keras_history", json())) : std::nullopt;
  if (!reference) refuse_argument(layer);
  result.push_back(*reference);
}

/// @param node one call. Keras 2: [["conv",0,0,{}],["dense",0,0,{}]].
std::vector<Reference> references_of(const KerasLayer& layer, const json& node) {
  std::vector<Reference> result;
  if (node.is_object()) {
    check_arguments(layer, node.value("kwargs", json()), false);
    collect_arguments(layer, node.value("args", json::array()), result);
    return result;
  }
  if (!node.is_array()) refuse_argument(layer);
  for (const json& item : node) {
    const auto reference = reference_of(item);
    if (!reference) refuse_argument(layer);
    if (item.size() > 3) check_arguments(layer, item[3], true);
    result.push_back(*reference);
  }
  return result;
}

/// A layer of a functional model and its calls.
struct Listed {
  KerasLayer layer;
  std::string group;
  std::vector<std::vector<Reference>> calls;  // Of an InputLayer one, which reads nothing.
  std::size_t first = 0;                      // Index of its first call among all.
};

/// The calls of a functional model before they are in order.
struct Call {
  std::size_t layer;
  std::size_t index;
  std::vector<std::size_t> inputs;  // Indices of calls.
};

/// Names the groups of a model's layers in a `.keras` file: by class and number.
class GroupNames {
 public:
  explicit GroupNames(std::string model) : model_(std::move(model)) {}

  std::string next(const KerasLayer& layer) {
    const std::string name = keras_snake_case(layer.type());
    // Operations such as x + y are not among the layers that Keras counts.
    if (layer.is_operation()) return "";
    const std::size_t number = counts_[name]++;
    return model_ + "layers/" + name + (number == 0 ? "" : "_" + std::to_string(number));
  }

 private:
  std::string model_;  // The model's own group with a '/' at the end; "" for the outermost.
  std::map<std::string, std::size_t> counts_;
};

class Expander {
 public:
  explicit Expander(std::string file) : file_(std::move(file)) {}

  KerasTopology run(const Document& model);

 private:
  /// A model to expand.
  struct Model {
    const KerasLayer& layer;
    Document document;
    std::vector<std::string> scope;  // Of its layers.
    std::string group;               // Ends with '/', or is empty.
    bool trainable;
  };

  std::size_t expand(const Model& model, std::size_t input);
  std::size_t expand_sequential(const Model& model, std::size_t input);
  std::size_t expand_functional(const Model& model, std::size_t input);
  std::size_t add(const Model& model, const Listed& listed, std::size_t call,
                  std::vector<std::size_t> inputs);
  std::size_t add_submodel(const Model& model, const Listed& listed, std::size_t input);
  [[nodiscard]] std::vector<Listed> list(const Model& model) const;

  std::string file_;
  KerasTopology topology_;
};

std::vector<Listed> Expander::list(const Model& model) const {
  GroupNames groups(model.group);
  std::vector<Listed> result;
  for (const json& item : listed_layers(model.layer)) {
    KerasLayer layer(file_, model.scope, part(model.document, item));
    std::string group = groups.next(layer);
    result.push_back({std::move(layer), std::move(group), {}, 0});
  }
  return result;
}

std::size_t Expander::add_submodel(const Model& model, const Listed& listed, std::size_t input) {
  std::vector<std::string> scope = model.scope;
  scope.push_back(listed.layer.name());
  const bool trainable = model.trainable && listed.layer.boolean("trainable", true);
  const std::size_t first = topology_.calls.size();
  const std::size_t output =
      expand({listed.layer, model.document, std::move(scope), listed.group + "/", trainable}, input);
  if (model.scope.empty() && listed.layer.type() != "Sequential")
    topology_.submodels.push_back({listed.layer, first, topology_.calls.size(), input, output});
  return output;
}

std::size_t Expander::add(const Model& model, const Listed& listed, std::size_t call,
                          std::vector<std::size_t> inputs) {
  if (is_model(listed.layer)) {
    if (inputs.size() != 1)
      listed.layer.refuse("it is called with " + std::to_string(inputs.size()) + " inputs");
    return add_submodel(model, listed, inputs[0]);
  }
  const bool trainable = model.trainable && listed.layer.boolean("trainable", true);
  if (topology_.calls.size() >= kMostCalls)
    refuse_model(file_, "it has more than " + std::to_string(kMostCalls) + " layers");
  const std::size_t calls = std::max<std::size_t>(listed.calls.size(), 1);
  topology_.calls.push_back({listed.layer, listed.group, call, calls, trainable, std::move(inputs)});
  return topology_.calls.size();
}

std::size_t Expander::expand(const Model& model, std::size_t input) {
  return model.layer.type() == "Sequential" ? expand_sequential(model, input)
                                            : expand_functional(model, input);
}

std::size_t Expander::expand_sequential(const Model& model, std::size_t input) {
  for (const Listed& listed : list(model)) {
    if (listed.layer.type() != "InputLayer") input = add(model, listed, 0, {input});
  }
  return input;
}

/// Reads the calls of each layer.
void read_calls(std::vector<Listed>& layers) {
  std::size_t count = 0;
  for (Listed& listed : layers) {
    listed.first = count;
    const json nodes = listed.layer.description().value("inbound_nodes", json::array());
    if (!nodes.is_array()) listed.layer.refuse("its inbound_nodes are no list");
    for (const json& node : nodes) listed.calls.push_back(references_of(listed.layer, node));
    if (listed.layer.type() == "InputLayer") listed.calls.assign(1, {});
    if (is_model(listed.layer) && listed.calls.size() > 1)
      listed.layer.refuse(
          "it is called " + std::to_string(listed.calls.size()) + " times, and shared weights are not read",
          "build the model anew for each use");
    count += listed.calls.size();
  }
}

/// Finds the calls that references name.
class Names {
 public:
  explicit Names(const std::vector<Listed>& layers) : layers_(layers) {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      if (!names_.emplace(layers[i].layer.name(), i).second)
        layers[i].layer.refuse("an earlier layer has the same name");
    }
  }

  /// @returns the index of the call, or nullopt when there is none.
  [[nodiscard]] std::optional<std::size_t> find(const Reference& reference) const {
    const auto found = names_.find(reference.layer);
    if (found == names_.end()) return std::nullopt;
    const Listed& listed = layers_[found->second];
    // Keras counts the only call of a model inside a model as call 0 or as call 1.
    if (listed.calls.size() == 1) return listed.first;
    const auto call = static_cast<std::size_t>(reference.call);
    return call < listed.calls.size() ? std::optional(listed.first + call) : std::nullopt;
  }

 private:
  const std::vector<Listed>& layers_;
  std::map<std::string, std::size_t> names_;
};

std::vector<Call> connect(const std::vector<Listed>& layers, const Names& names) {
  std::vector<Call> calls;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    for (std::size_t k = 0; k < layers[i].calls.size(); ++k) {
      Call call{i, k, {}};
      for (const Reference& reference : layers[i].calls[k]) {
        const auto found = names.find(reference);
        if (!found)
          layers[i].layer.refuse("it reads '" + core::printable(reference.layer) +
                                 "', which is no layer of the model");
        call.inputs.push_back(*found);
      }
      if (call.inputs.empty() && layers[i].layer.type() != "InputLayer")
        layers[i].layer.refuse("it is called without a tensor");
      calls.push_back(std::move(call));
    }
  }
  return calls;
}

/// @returns the calls that `output` depends on, itself included, each after what it reads and else in Keras'
/// order.
std::vector<std::size_t> sorted_calls(const KerasLayer& model, const std::vector<Call>& calls,
                                      std::size_t output) {
  std::vector<bool> needed(calls.size(), false);
  std::vector<std::size_t> open{output};
  while (!open.empty()) {
    const std::size_t call = open.back();
    open.pop_back();
    if (needed[call]) continue;
    needed[call] = true;
    open.insert(open.end(), calls[call].inputs.begin(), calls[call].inputs.end());
  }
  std::vector<std::size_t> missing(calls.size(), 0);
  std::vector<std::vector<std::size_t>> readers(calls.size());
  std::set<std::size_t> ready;
  std::size_t count = 0;
  for (std::size_t call = 0; call < calls.size(); ++call) {
    if (!needed[call]) continue;
    ++count;
    missing[call] = calls[call].inputs.size();
    for (const std::size_t input : calls[call].inputs) readers[input].push_back(call);
    if (missing[call] == 0) ready.insert(call);
  }
  std::vector<std::size_t> order;
  while (!ready.empty()) {
    const std::size_t call = *ready.begin();
    ready.erase(ready.begin());
    order.push_back(call);
    for (const std::size_t reader : readers[call]) {
      if (--missing[reader] == 0) ready.insert(reader);
    }
  }
  if (order.size() != count) model.refuse("its layers form a circle");
  return order;
}

/// @param key "input_layers" or "output_layers": ["a",0,0], [["a",0,0]] or, by name, {"x": ["a",0,0]}.
/// @returns the only one; refuses several.
Reference only_reference(const KerasLayer& model, const char* key) {
  json value = model.config().value(key, json());
  if (const auto reference = reference_of(value)) return *reference;
  if (!value.is_array() && !value.is_object()) model.refuse(std::string("it has no ") + key);
  if (value.size() != 1)
    model.refuse("it has " + std::to_string(value.size()) + (key[0] == 'i' ? " inputs" : " outputs"),
                 "models of one input and one output are read");
  const auto reference = reference_of(*value.begin());
  if (!reference) model.refuse(std::string("its ") + key + " are unknown");
  return *reference;
}

std::size_t Expander::expand_functional(const Model& model, std::size_t input) {
  const std::string input_name = only_reference(model.layer, "input_layers").layer;
  std::vector<Listed> layers = list(model);
  read_calls(layers);
  const Names names(layers);
  const std::vector<Call> calls = connect(layers, names);
  const auto output = names.find(only_reference(model.layer, "output_layers"));
  if (!output) model.layer.refuse("its output is no layer of it");
  std::vector<std::size_t> values(calls.size(), kInput);
  for (const std::size_t call : sorted_calls(model.layer, calls, *output)) {
    const Listed& listed = layers[calls[call].layer];
    if (listed.layer.type() == "InputLayer") {
      if (listed.layer.name() != input_name) listed.layer.refuse("it is not the input of its model");
      values[call] = input;
      continue;
    }
    std::vector<std::size_t> inputs;
    for (const std::size_t from : calls[call].inputs) inputs.push_back(values[from]);
    values[call] = add(model, listed, calls[call].index, std::move(inputs));
  }
  return values[*output];
}

/// @returns the input shape that a model's first layers or the model itself tell; empty when none does.
Shape input_shape(const std::string& file, const KerasLayer& model, const Document& document) {
  const json& layers = listed_layers(model);
  const auto input = std::find_if(layers.begin(), layers.end(), [](const json& item) {
    return item.is_object() && text_of(item, "class_name") == "InputLayer";
  });
  const KerasLayer layer(file, model.scope(), part(document, input == layers.end() ? layers[0] : *input));
  const Shape declared = layer.batch_shape();
  const bool open = std::find(declared.begin(), declared.end(), 0) != declared.end();
  if (!declared.empty() && !open) return declared;
  const json build = model.description().value("build_config", json::object());
  if (const Shape shape = fixed_shape(model.config().value("build_input_shape", json())); !shape.empty())
    return shape;
  if (const Shape shape = build.is_object() ? fixed_shape(build.value("input_shape", json())) : Shape();
      !shape.empty())
    return shape;
  return is_model(layer) ? input_shape(file, layer, document) : declared;
}

KerasTopology Expander::run(const Document& model) {
  KerasLayer layer(file_, {}, model);
  layer.set_title("the model");
  if (!is_model(layer)) refuse_model(file_, "it is a '" + core::printable(layer.type()) + "' model");
  topology_.input = input_shape(file_, layer, model);
  if (topology_.input.empty()) layer.refuse("it does not say which input it takes");
  topology_.output = expand({layer, model, {}, "", layer.boolean("trainable", true)}, kInput);
  if (topology_.calls.empty()) layer.refuse("it has no layers");
  return std::move(topology_);
}

}  // namespace

std::string keras_snake_case(std::string_view name) {
  std::string result;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto upper = [&](std::size_t at) {
      return std::isupper(static_cast<unsigned char>(name[at])) != 0;
    };
    const auto lower = [&](std::size_t at) {
      return std::islower(static_cast<unsigned char>(name[at])) != 0;
    };
    const bool starts = i > 0 && upper(i) && (lower(i - 1) || (i + 1 < name.size() && lower(i + 1)));
    if (starts) result += '_';
    result += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
  }
  return result;
}

KerasTopology read_keras_topology(const std::string& file, const std::string& text) {
  json model = core::parse_json_strict(text, "'" + file + "': model_config", core::ExitCode::model);
  if (!model.is_object() || !model.contains("config"))
    refuse_model(file, "its model_config describes no model");
  // Keras before 2.2.3 wrote a Sequential model's list of layers alone.
  if (model["config"].is_array()) model["config"] = json{{"layers", model["config"]}};
  return Expander(file).run(std::make_shared<const json>(std::move(model)));
}

}  // namespace svhn::model
