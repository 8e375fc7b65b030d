#include "model/keras/arrays.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/json.h"

namespace svhn::model {
namespace {

using formats::DType;
using formats::Hdf5Dataset;
using formats::Hdf5File;

constexpr const char* kForeignHint = "the file is not what it says it is";

bool is_floating(const Hdf5Dataset& dataset) {
  return dataset.dtype == DType::f32 || dataset.dtype == DType::f64 || dataset.dtype == DType::f16;
}

/// The arrays of a `.h5` file by the group that holds them.
class H5Arrays : public KerasArrays {
 public:
  explicit H5Arrays(const Hdf5File& file) : KerasArrays(file) {
    for (KerasEntry& entry : list_keras_entries(file, keras_weights_root(file)))
      groups_[entry.layer].push_back(std::move(entry));
  }

  void check_all_used() const override {
    for (const auto& [layer, entries] : groups_) {
      for (const KerasEntry& entry : entries) {
        if (used_.contains(entry.dataset) || !is_floating(*entry.dataset)) continue;
        file_.fail("the array '" + core::printable(entry.path) + "' of layer '" + core::printable(layer) +
                       "' belongs to no layer of the model",
                   kForeignHint);
      }
    }
  }

 protected:
  const Hdf5Dataset* take(const KerasCall& call, const KerasVariable& variable, std::size_t) override;

 private:
  /// @returns how many names at the end of a path, before the variable's, are those of the layer and of the
  /// models that hold it. Keras 3 writes some or all of them.
  static std::size_t matching_names(const KerasEntry& entry, const KerasLayer& layer);

  std::map<std::string, std::vector<KerasEntry>> groups_;
  std::set<const Hdf5Dataset*> used_;
};

std::size_t H5Arrays::matching_names(const KerasEntry& entry, const KerasLayer& layer) {
  std::string path = "/" + entry.path.substr(0, std::min(entry.path.rfind('/'), entry.path.size()));
  std::vector<std::string> names = layer.scope();
  names.push_back(layer.name());
  std::size_t count = 0;
  for (auto name = names.rbegin(); name != names.rend() && path.ends_with("/" + *name); ++name) {
    path.resize(path.size() - name->size() - 1);
    ++count;
  }
  return count;
}

const Hdf5Dataset* H5Arrays::take(const KerasCall& call, const KerasVariable& variable, std::size_t) {
  const KerasLayer& layer = call.layer;
  const bool inside = !layer.scope().empty();
  const auto group = groups_.find(inside ? layer.scope().front() : layer.name());
  if (group == groups_.end()) return nullptr;
  const KerasEntry* best = nullptr;
  std::size_t most = 0;
  bool unique = true;
  for (const KerasEntry& entry : group->second) {
    const std::string_view name = keras_variable(entry.path);
    if (name != variable.name && (variable.older.empty() || name != variable.older)) continue;
    const std::size_t matching = matching_names(entry, layer);
    if (inside && matching == 0) continue;
    if (best != nullptr && matching < most) continue;
    unique = best == nullptr || matching > most;
    best = &entry;
    most = matching;
  }
  if (!unique) layer.refuse("the file has several arrays that could be its " + std::string(variable.name));
  if (best == nullptr) return nullptr;
  used_.insert(best->dataset);
  return best->dataset;
}

/// The arrays of a `.keras` archive by the layer's group.
class ArchiveArrays : public KerasArrays {
 public:
  explicit ArchiveArrays(const Hdf5File& file) : KerasArrays(file) {
    for (const Hdf5Dataset& dataset : file.datasets()) datasets_.emplace(dataset.path, &dataset);
    // As Keras 2.12 and 2.13 called the group.
    if (!file.has_group("layers") && file.has_group("_layer_checkpoint_dependencies"))
      layers_ = "_layer_checkpoint_dependencies";
  }

  void check_all_used() const override {
    for (const auto& [path, dataset] : datasets_) {
      if (!path.starts_with(layers_ + "/") || used_.contains(dataset) || !is_floating(*dataset)) continue;
      file_.fail("the array '" + core::printable(path) + "' belongs to no layer of the model", kForeignHint);
    }
  }

 protected:
  const Hdf5Dataset* take(const KerasCall& call, const KerasVariable&, std::size_t position) override {
    std::string group = call.group;
    for (std::size_t at = 0; (at = group.find("layers/", at)) != std::string::npos; at += layers_.size())
      group.replace(at, std::string_view("layers").size(), layers_);
    group += "/vars";
    const auto names = file_.has_group(group) ? file_.texts(group, "name") : std::nullopt;
    if (names && *names != std::vector{call.layer.name()})
      call.layer.refuse("the file has another layer's arrays in its place, '" + core::printable(group) + "'");
    const auto found = datasets_.find(group + "/" + std::to_string(position));
    if (found == datasets_.end()) return nullptr;
    used_.insert(found->second);
    return found->second;
  }

 private:
  std::string layers_ = "layers";
  std::map<std::string, const Hdf5Dataset*, std::less<>> datasets_;
  std::set<const Hdf5Dataset*> used_;
};

}  // namespace

WeightArray KerasArrays::read(const KerasCall& call, const KerasVariable& variable, std::size_t position) {
  const Hdf5Dataset* dataset = take(call, variable, position);
  if (dataset == nullptr) call.layer.refuse("the file has no " + std::string(variable.name) + " for it");
  WeightArray array = read_keras_dataset(
      file_, *dataset, call.layer.name() + "/" + std::string(variable.name), variable.layout);
  array.name = variable.suffix;
  return array;
}

void KerasArrays::skip(const KerasCall& call, const KerasVariable& variable, std::size_t position) {
  static_cast<void>(take(call, variable, position));
}

std::unique_ptr<KerasArrays> keras_h5_arrays(const Hdf5File& file) {
  return std::make_unique<H5Arrays>(file);
}

std::unique_ptr<KerasArrays> keras_archive_arrays(const Hdf5File& file) {
  return std::make_unique<ArchiveArrays>(file);
}

}  // namespace svhn::model
