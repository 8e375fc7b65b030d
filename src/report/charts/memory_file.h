#pragma once
/// A file without a name that lives in memory and is gone with its last descriptor.

#include <cstdio>
#include <string>

namespace svhn::report {

class MemoryFile {
 public:
  MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile();

  /// @returns the descriptor, closed in programs that are started; -1 when the system refused the file.
  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// @returns a stream of its own onto the file, the caller's to close; nullptr when the system refuses.
  [[nodiscard]] std::FILE* stream() const;
  /// The next reader of the descriptor starts at the beginning.
  void rewind() const;
  /// @returns the content from the beginning, at most `limit` bytes of it.
  [[nodiscard]] std::string read(std::size_t limit) const;

 private:
  int descriptor_ = -1;
};

}  // namespace svhn::report
