#include "network/tensor_io.h"

#include <cstring>

#include "core/error.h"

namespace svhn::network {
namespace {

using core::ExitCode;
using formats::DType;
using torch::Tensor;

DType file_dtype(const Tensor& tensor) {
  if (tensor.scalar_type() == torch::kFloat32) return DType::f32;
  if (tensor.scalar_type() == torch::kFloat64) return DType::f64;
  throw core::Error(ExitCode::bug, "a tensor to save is neither float32 nor float64");
}

std::span<const std::byte> bytes_of(const Tensor& tensor) {
  return {static_cast<const std::byte*>(tensor.data_ptr()), static_cast<std::size_t>(tensor.nbytes())};
}

}  // namespace

void write_tensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                   const std::map<std::string, std::string>& metadata) {
  std::vector<Tensor> held;
  std::vector<formats::TensorToWrite> arrays;
  for (const auto& item : tensors) {
    held.push_back(item.tensor.detach().to(torch::kCPU).contiguous());
    arrays.push_back({item.name, file_dtype(held.back()), held.back().sizes().vec(), bytes_of(held.back())});
  }
  formats::write_safetensors(path, arrays, metadata, ExitCode::model);
}

void read_tensors(const formats::SafetensorsFile& file, const std::vector<NamedTensor>& tensors) {
  std::vector<std::span<const std::byte>> sources;
  for (const auto& item : tensors) {
    const auto& info = file.require(item.name, file_dtype(item.tensor), item.tensor.sizes().vec());
    sources.push_back(file.bytes(info));
  }
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& target = tensors[i].tensor;
    Tensor copy = torch::empty(target.sizes(), torch::TensorOptions().dtype(target.scalar_type()));
    if (!sources[i].empty()) std::memcpy(copy.data_ptr(), sources[i].data(), sources[i].size());
    target.detach().copy_(copy);
  }
}

Network load_network(const model::ModelFile& file) {
  Network network(file.graph(), 0);
  read_tensors(file.file(), network.tensors());
  network.set_temperature(file.record().temperature);
  return network;
}

}  // namespace svhn::network
