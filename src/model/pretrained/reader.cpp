#include "model/pretrained/reader.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "formats/dtype.h"
#include "formats/hdf5/file.h"
#include "formats/safetensors/safetensors.h"
#include "formats/torch/torch_archive.h"
#include "model/pretrained/keras_h5.h"

namespace svhn::model {
namespace {

using core::ExitCode;
using formats::DType;

/// The step counter of a PyTorch batch norm, which no network here uses.
bool is_counter(std::string_view name) {
  return name == "num_batches_tracked" || name.ends_with(".num_batches_tracked");
}

void check_floating(const std::filesystem::path& path, const std::string& name, DType dtype) {
  if (dtype == DType::f16 || dtype == DType::bf16 || dtype == DType::f32 || dtype == DType::f64) return;
  throw core::Error(ExitCode::model,
                    "'" + path.string() + "': the array '" + core::printable(name) + "' holds " +
                        std::string(formats::safetensors_name(dtype)) + ", not floating point numbers",
                    "save the weights unquantised");
}

constexpr std::string_view kParallel = "module.", kCompiled = "_orig_mod.";

/// @returns a name without the modules that torch.compile puts into it.
std::string without_compiled(std::string name) {
  for (std::size_t at = name.find(kCompiled); at != std::string::npos; at = name.find(kCompiled, at)) {
    if (at > 0 && name[at - 1] != '.') {
      ++at;
    } else {
      name.erase(at, kCompiled.size());
    }
  }
  return name;
}

/// Leaves the names of wrappers out: torch.compile's, and that of nn.DataParallel and
/// DistributedDataParallel, which stands in front of every name.
void unwrap(const std::filesystem::path& path, WeightSource& source) {
  bool changed = false;
  std::set<std::string> names;
  for (WeightArray& array : source.arrays) {
    std::string name = without_compiled(array.name);
    changed = changed || name != array.name;
    array.name = std::move(name);
  }
  const auto is_parallel = [](const WeightArray& array) { return array.name.starts_with(kParallel); };
  while (std::all_of(source.arrays.begin(), source.arrays.end(), is_parallel)) {
    for (WeightArray& array : source.arrays) array.name.erase(0, kParallel.size());
    changed = true;
  }
  for (const WeightArray& array : source.arrays) {
    if (!names.insert(array.name).second)
      throw core::Error(
          ExitCode::model,
          "'" + path.string() + "': two arrays are called '" + core::printable(array.name) + "'",
          "save the weights of one model alone");
  }
  if (changed) source.notes.emplace_back("left out of the names: module., _orig_mod.");
}

WeightSource read_keras(const std::filesystem::path& path) {
  const formats::Hdf5File file(path, ExitCode::model);
  WeightSource source{WeightOrigin::keras, "Keras HDF5", {}, {}};
  for (const KerasArray& array : list_keras_arrays(file, keras_weights_root(file)))
    source.arrays.push_back(read_keras_array(file, array));
  return source;
}

WeightSource read_torch(const std::filesystem::path& path) {
  const formats::TorchArchive file(path, ExitCode::model);
  WeightSource source{WeightOrigin::torch, "PyTorch", {}, {}};
  for (const std::string& name : file.left_out())
    source.notes.push_back("left out: '" + core::printable(name) + "', which is no tensor");
  for (const formats::TorchTensor& tensor : file.tensors()) {
    if (is_counter(tensor.name)) continue;
    check_floating(path, tensor.name, tensor.dtype);
    source.arrays.push_back({tensor.name, tensor.shape, formats::to_floats(tensor.dtype, file.read(tensor))});
  }
  return source;
}

WeightSource read_safetensors(const std::filesystem::path& path) {
  const formats::SafetensorsFile file(path, ExitCode::model);
  const auto origin = file.metadata().find("origin");
  const bool keras = origin != file.metadata().end() && origin->second == origin_name(WeightOrigin::keras);
  WeightSource source{keras ? WeightOrigin::keras : WeightOrigin::torch, "safetensors", {}, {}};
  for (const formats::TensorInfo& tensor : file.tensors()) {
    if (is_counter(tensor.name)) continue;
    check_floating(path, tensor.name, tensor.dtype);
    source.arrays.push_back(
        {tensor.name, tensor.shape, formats::to_floats(tensor.dtype, file.bytes(tensor))});
  }
  return source;
}

}  // namespace

std::string_view origin_name(WeightOrigin origin) {
  return origin == WeightOrigin::keras ? "keras" : "torch";
}

const WeightArray* WeightSource::find(std::string_view name) const {
  const auto found = std::find_if(arrays.begin(), arrays.end(),
                                  [&](const WeightArray& array) { return array.name == name; });
  return found == arrays.end() ? nullptr : &*found;
}

WeightSource open_weights(const std::filesystem::path& path) {
  bool hdf5 = false, torch = false;
  {
    const core::MappedFile file(path, ExitCode::model);
    hdf5 = formats::is_hdf5(file.bytes());
    torch = formats::is_torch_archive(file.bytes());
  }
  WeightSource source = hdf5 ? read_keras(path) : torch ? read_torch(path) : read_safetensors(path);
  if (source.arrays.empty())
    throw core::Error(ExitCode::model, "'" + path.string() + "': holds no weights",
                      "check that the right file was saved");
  if (source.origin == WeightOrigin::torch) unwrap(path, source);
  return source;
}

}  // namespace svhn::model
