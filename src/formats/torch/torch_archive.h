#pragma once
/// PyTorch's checkpoints (`torch.save` of a state dict): the zip container since PyTorch 1.6, and the
/// sequence of pickles before, which most of torchvision's published files use. The pickle is parsed, not
/// executed; only tensors, storages and ordered dicts are allowed in it.
/// @see torch/serialization.py, `_save` and `_legacy_save`

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "formats/dtype.h"

namespace svhn::formats {

/// @returns whether the bytes begin like a checkpoint of either form.
bool is_torch_archive(std::span<const std::byte> file);

/// A tensor of a checkpoint: a strided view of a storage. All counts are in elements.
struct TorchTensor {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;
  std::size_t offset = 0;        ///< Offset of the first element in the storage.
  std::size_t elements = 0;      ///< The product of the shape.
  std::string storage;           ///< Key of the storage.
  std::size_t storage_size = 0;  ///< Length of the storage according to the pickle.
};

class TorchArchive {
 public:
  /// Reads the names and shapes. The state dict may be the root, or lie in dicts: under "state_dict", "model"
  /// and such keys, else it must be the only one beside that of an optimizer. What checkpoints have beside it
  /// (arguments, NumPy's numbers, paths, dates) is passed over.
  /// @param code exit code of a failure.
  /// @throws Error(code) naming file, byte or tensor: damaged, big-endian, a TorchScript archive, a pickle
  /// that names anything else, no state dict or several, entries that are no tensors or none at all, views
  /// outside their storage, storages that are missing or have another size, contents far longer than the
  /// file.
  TorchArchive(const std::filesystem::path& path, core::ExitCode code);
  ~TorchArchive();
  TorchArchive(TorchArchive&&) noexcept;
  TorchArchive(const TorchArchive&) = delete;
  TorchArchive& operator=(const TorchArchive&) = delete;

  [[nodiscard]] const std::vector<TorchTensor>& tensors()
      const;  ///< In the state dict's order, at least one.
  /// @returns the names of entries of the state dict that are numbers, text or nothing.
  [[nodiscard]] const std::vector<std::string>& left_out() const;
  [[nodiscard]] const TorchTensor* find(std::string_view name) const;
  /// @returns the tensor's elements, row-major and little-endian. @throws Error(code) when damaged.
  [[nodiscard]] std::vector<std::byte> read(const TorchTensor& tensor) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace svhn::formats
