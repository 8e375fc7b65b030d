#pragma once
/// The one exception of the project and the exit codes a user meets.

#include <stdexcept>
#include <string>
#include <utility>

namespace svhn::core {

/// Process exit codes; `128 + n` is added for an orderly end after signal n.
enum class ExitCode : int {
  ok = 0,
  bug = 1,      ///< A defect of the program itself.
  usage = 2,    ///< The command line asks for something that cannot be.
  config = 3,   ///< A run's JSON is wrong.
  data = 4,     ///< An input or output file of data is missing, damaged or unwritable.
  model = 5,    ///< A model, checkpoint or weights file is wrong.
  numeric = 6,  ///< NaN or divergence.
  device = 7,   ///< A device or another process is not usable.
};

/// What every library throws: one line for the user and one line of advice.
class Error : public std::runtime_error {
 public:
  /// @param code which kind of failure; it becomes the process exit code.
  /// @param message one line, names the file, key, layer or value at fault; no final period needed.
  /// @param hint one line: what to do about it; may be empty.
  Error(ExitCode code, const std::string& message, std::string hint = {})
      : std::runtime_error(message), code_(code), hint_(std::move(hint)) {}

  [[nodiscard]] ExitCode code() const { return code_; }
  [[nodiscard]] const std::string& hint() const { return hint_; }

 private:
  ExitCode code_;
  std::string hint_;
};

}  // namespace svhn::core
