#include "model/pretrained/keras_h5.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "core/json.h"
#include "formats/dtype.h"

namespace svhn::model {
namespace {

using formats::Hdf5File;

constexpr const char* kHint =
    "Keras saves such files with model.save('NAME.h5') and model.save_weights('NAME.h5')";

/// The names of roles in all Keras versions; longer ones first where one is a suffix of another.
constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kRoles{{
    {"depthwise_kernel", "depthwise.weight"},
    {"pointwise_kernel", "pointwise.weight"},
    {"kernel", "weight"},
    {"gamma", "weight"},
    {"bias", "bias"},
    {"beta", "bias"},
    {"moving_mean", "running_mean"},
    {"running_mean", "running_mean"},
    {"moving_variance", "running_var"},
    {"running_std", "running_var"},  // Keras 1's name; it held the variance.
    {"running_var", "running_var"},
    {"weights", "weight"},
    {"W", "weight"},
    {"b", "bias"},
}};

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Removes a separator and a number from the end: "kernel:0", "block1_conv1_W_1".
std::string_view without_number(std::string_view text, char separator) {
  const std::size_t at = text.rfind(separator);
  return at != std::string_view::npos && all_digits(text.substr(at + 1)) ? text.substr(0, at) : text;
}

/// @param last component of an array's name: "kernel", or in older files "block1_conv1_W_1".
/// @returns the role, "" when unknown.
std::string_view role_of(std::string_view last) {
  const auto ends_as = [](std::string_view text, std::string_view word) {
    return text == word || (text.ends_with(word) && text[text.size() - word.size() - 1] == '_');
  };
  const std::string_view bare = without_number(without_number(last, ':'), '_');
  for (const auto& [word, role] : kRoles) {
    if (ends_as(bare, word)) return role;
  }
  return {};
}

/// Reads a list that Keras may have split over several attributes: name0, name1, …
std::vector<std::string> list_attribute(const Hdf5File& file, const std::string& group,
                                        const std::string& name) {
  if (auto list = file.texts(group, name)) return *list;
  std::vector<std::string> texts;
  for (int part = 0;; ++part) {
    const auto more = file.texts(group, name + std::to_string(part));
    if (!more) return texts;
    texts.insert(texts.end(), more->begin(), more->end());
  }
}

std::string join(const std::string& group, const std::string& name) {
  return group.empty() ? name : group + "/" + name;
}

/// Sets `node` in a nested model, whose group holds the arrays of many layers, so that roles repeat.
void name_nodes(std::vector<KerasArray>& arrays, const std::vector<std::string>& names) {
  std::set<std::string_view> roles;
  for (const KerasArray& array : arrays) roles.insert(array.role);
  if (roles.size() == arrays.size()) return;
  for (std::size_t i = 0; i < arrays.size(); ++i)
    arrays[i].node = names[i].substr(0, std::min(names[i].rfind('/'), names[i].size()));
}

/// @returns the arrays of one layer.
std::vector<KerasArray> list_layer(const Hdf5File& file, std::span<const KerasEntry> entries) {
  std::vector<KerasArray> arrays;
  std::vector<std::string> names;
  for (const KerasEntry& entry : entries) {
    const auto role = role_of(std::string_view(entry.path).substr(entry.path.rfind('/') + 1));
    if (role.empty())
      file.fail("the array '" + core::printable(entry.path) + "' of layer '" + core::printable(entry.layer) +
                    "' is of an unknown kind",
                kHint);
    arrays.push_back({entry.layer, "", std::string(role), entry.dataset});
    names.push_back(entry.path);
  }
  name_nodes(arrays, names);
  return arrays;
}

/// [K, A, B] -> [B, A, K], K = kernel positions.
std::vector<float> reversed(const std::vector<float>& in, std::size_t positions, std::size_t a,
                            std::size_t b) {
  std::vector<float> out(in.size());
  for (std::size_t k = 0; k < positions; ++k) {
    for (std::size_t i = 0; i < a; ++i) {
      for (std::size_t o = 0; o < b; ++o) out[(o * a + i) * positions + k] = in[(k * a + i) * b + o];
    }
  }
  return out;
}

/// [K, C*M] -> [C*M, K], K = kernel positions.
void reverse_depthwise(WeightArray& array) {
  const auto s = array.shape;
  array.values =
      reversed(array.values, static_cast<std::size_t>(s[0] * s[1]), 1, static_cast<std::size_t>(s[2] * s[3]));
  array.shape = {s[2] * s[3], 1, s[0], s[1]};
}

void to_torch_layout(WeightArray& array, KerasLayout layout) {
  const auto s = array.shape;
  const auto size = [&](std::size_t i) { return static_cast<std::size_t>(s[i]); };
  if (layout == KerasLayout::depthwise) return reverse_depthwise(array);
  if (layout == KerasLayout::kernel) {
    array.values = reversed(array.values, size(0) * size(1), size(2), size(3));
    array.shape = {s[3], s[2], s[0], s[1]};
  } else if (layout == KerasLayout::dense) {
    array.values = reversed(array.values, 1, size(0), size(1));
    array.shape = {s[1], s[0]};
  }
}

bool has_rank(KerasLayout layout, std::size_t rank) {
  if (layout == KerasLayout::plain) return true;
  return rank == (layout == KerasLayout::dense ? 2U : 4U);
}

}  // namespace

std::string KerasArray::name() const {
  return layer + "." + (node.empty() ? "" : node + ".") + role;
}

std::string keras_weights_root(const Hdf5File& file) {
  for (const char* root : {"model_weights", ""}) {
    if (file.has_group(root) && !list_attribute(file, root, "layer_names").empty()) return root;
  }
  if (file.has_group("_layer_checkpoint_dependencies") || file.has_group("layers"))
    file.fail("the layout of Keras 3's '.weights.h5' is not read",
              "save it as one file: model.save('NAME.h5'), or model.save_weights with Keras 2");
  file.fail("the HDF5 file holds no Keras weights (no 'layer_names')", kHint);
}

std::vector<KerasEntry> list_keras_entries(const Hdf5File& file, const std::string& root) {
  std::map<std::string_view, const formats::Hdf5Dataset*> datasets;
  for (const formats::Hdf5Dataset& dataset : file.datasets()) datasets.emplace(dataset.path, &dataset);
  std::vector<KerasEntry> entries;
  for (const std::string& layer : list_attribute(file, root, "layer_names")) {
    const std::string group = join(root, layer);
    for (const std::string& path : list_attribute(file, group, "weight_names")) {
      const auto found = datasets.find(join(group, path));
      if (found == datasets.end())
        file.fail("the array '" + core::printable(path) + "' of layer '" + core::printable(layer) +
                  "' is not there");
      entries.push_back({layer, path, found->second});
    }
  }
  return entries;
}

std::string_view keras_variable(std::string_view path) {
  return without_number(without_number(path.substr(path.rfind('/') + 1), ':'), '_');
}

std::vector<KerasArray> list_keras_arrays(const Hdf5File& file, const std::string& root) {
  const std::vector<KerasEntry> entries = list_keras_entries(file, root);
  std::vector<KerasArray> arrays;
  std::set<std::string> names;
  for (std::size_t first = 0, last = 0; first < entries.size(); first = last) {
    while (last < entries.size() && entries[last].layer == entries[first].layer) ++last;
    for (KerasArray& array : list_layer(file, std::span(entries).subspan(first, last - first))) {
      if (!names.insert(array.name()).second)
        file.fail("the array '" + core::printable(array.name()) + "' is there twice", kHint);
      arrays.push_back(std::move(array));
    }
  }
  return arrays;
}

WeightArray read_keras_dataset(const Hdf5File& file, const formats::Hdf5Dataset& dataset,
                               const std::string& name, KerasLayout layout) {
  const bool floating = dataset.dtype == formats::DType::f32 || dataset.dtype == formats::DType::f64 ||
                        dataset.dtype == formats::DType::f16;
  if (!floating) file.fail("the array '" + core::printable(name) + "' does not hold floating point numbers");
  if (!has_rank(layout, dataset.shape.size()))
    file.fail("the array '" + core::printable(name) + "' has " + std::to_string(dataset.shape.size()) +
                  " dimensions",
              "layers of one and three dimensions are not read");
  WeightArray result{name, dataset.shape, formats::to_floats(dataset.dtype, file.bytes(dataset))};
  to_torch_layout(result, layout);
  return result;
}

WeightArray read_keras_array(const Hdf5File& file, const KerasArray& array) {
  const std::size_t rank = array.dataset->shape.size();
  KerasLayout layout = rank == 1 ? KerasLayout::plain : rank == 2 ? KerasLayout::dense : KerasLayout::kernel;
  if (array.role == "depthwise.weight") layout = KerasLayout::depthwise;
  return read_keras_dataset(file, *array.dataset, array.name(), layout);
}

}  // namespace svhn::model
