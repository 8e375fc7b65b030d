#pragma once
/// Room for more numbers than memory should hold.

#include <cstddef>
#include <filesystem>
#include <span>

namespace svhn::interpret {

/// Zeros in a file without a name: the kernel writes them out when memory is short, and they are gone with
/// the object, however the process ends.
class ScratchFloats {
 public:
  /// @param folder on the disk that is to hold them; made when missing.
  /// @throws core::Error(data) when there is no room for `count` numbers of 4 bytes.
  ScratchFloats(const std::filesystem::path& folder, std::size_t count);
  ScratchFloats(ScratchFloats&& other) noexcept;
  ScratchFloats& operator=(ScratchFloats&&) = delete;
  ~ScratchFloats();

  [[nodiscard]] std::span<float> values() const { return {data_, count_}; }

 private:
  float* data_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace svhn::interpret
