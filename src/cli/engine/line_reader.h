#pragma once
/// Names of a pipe or file, as they arrive.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace svhn::cli {

class LineReader {
 public:
  /// @param descriptor stays the caller's.
  explicit LineReader(int descriptor) : descriptor_(descriptor) {}

  /// Waits for the first line or the end. @returns whether it is the beginning of a picture.
  bool begins_picture();
  /// Waits for the end. @returns all that has not been taken as lines. @throws core::Error(data) above 1 GiB.
  std::string_view all();
  /// Waits until there is a line, and takes those that are there at the moment, without their ends. Where the
  /// first ends in a NUL, as from `find -print0`, all do.
  /// @param most lines to take. @returns none at the end, and when a signal has asked the process to stop.
  /// @throws core::Error(data) when the input cannot be read, or a line is longer than 1 MiB.
  std::vector<std::string> take(std::size_t most);

 private:
  bool read_more(bool wait);
  [[nodiscard]] bool has_line();
  std::string take_line();

  int descriptor_;
  std::string buffer_;
  std::size_t begin_ = 0;    // Of what has not been taken.
  std::size_t scanned_ = 0;  // No line ends before.
  char end_ = '\n';          // Of a line.
  bool ended_ = false;
};

}  // namespace svhn::cli
