#include "model/pretrained/reader.h"

#include <algorithm>

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

WeightSource read_keras(const std::filesystem::path& path) {
  const formats::Hdf5File file(path, ExitCode::model);
  WeightSource source{WeightOrigin::keras, "Keras HDF5", {}};
  for (const KerasArray& array : list_keras_arrays(file, keras_weights_root(file)))
    source.arrays.push_back(read_keras_array(file, array));
  return source;
}

WeightSource read_torch(const std::filesystem::path& path) {
  const formats::TorchArchive file(path, ExitCode::model);
  WeightSource source{WeightOrigin::torch, "PyTorch", {}};
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
  WeightSource source{keras ? WeightOrigin::keras : WeightOrigin::torch, "safetensors", {}};
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
  if (hdf5) return read_keras(path);
  return torch ? read_torch(path) : read_safetensors(path);
}

}  // namespace svhn::model
