#pragma once
/// Memory that lies on disk, for what may be larger than the machine's own.

#include <cstddef>
#include <filesystem>
#include <span>

namespace svhn::core {

/// A writable mapping of a file without a name: it is gone with the process, however that ends.
class ScratchFile {
 public:
  /// @param folder on the disk that is to hold it; made when missing. @param bytes more than 0; zeros.
  /// @throws core::Error(data) when the disk is full or the folder cannot be written.
  ScratchFile(const std::filesystem::path& folder, std::size_t bytes);
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  ScratchFile(ScratchFile&& other) noexcept;
  ScratchFile& operator=(ScratchFile&&) = delete;
  ~ScratchFile();

  [[nodiscard]] std::span<std::byte> bytes() const { return {data_, size_}; }
  /// @returns the same as numbers.
  [[nodiscard]] std::span<float> floats() const {
    return {reinterpret_cast<float*>(data_), size_ / sizeof(float)};
  }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace svhn::core
