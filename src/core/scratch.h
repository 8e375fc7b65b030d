#pragma once
/// Disk-backed memory for data that may exceed RAM.

#include <cstddef>
#include <filesystem>
#include <span>

namespace svhn::core {

/// A writable mapping of an unlinked file; the kernel frees it when the process ends, even when it is killed.
class ScratchFile {
 public:
  /// @param folder holds the file; created when missing. @param bytes more than 0; the content
  /// starts as zeros.
  /// @throws core::Error(data) when the disk is full or the folder cannot be written.
  ScratchFile(const std::filesystem::path& folder, std::size_t bytes);
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  ScratchFile(ScratchFile&& other) noexcept;
  ScratchFile& operator=(ScratchFile&&) = delete;
  ~ScratchFile();

  [[nodiscard]] std::span<std::byte> bytes() const { return {data_, size_}; }
  /// @returns the same memory as float32.
  [[nodiscard]] std::span<float> floats() const {
    return {reinterpret_cast<float*>(data_), size_ / sizeof(float)};
  }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace svhn::core
