#pragma once
/// The project's exception and the exit codes of its programs.

#include <stdexcept>
#include <string>
#include <utility>

namespace svhn::core {

/// Process exit codes; besides these, `128 + n` is an orderly exit after signal n.
enum class ExitCode : int {
  ok = 0,
  bug = 1,      ///< A defect of the program itself.
  usage = 2,    ///< The command line is invalid.
  config = 3,   ///< A run's JSON is invalid.
  data = 4,     ///< A data file is missing, damaged or unwritable.
  model = 5,    ///< A model, checkpoint or weights file is invalid.
  numeric = 6,  ///< NaN or divergence.
  device = 7,   ///< A device, memory or another process is not usable.
};

/// The exception that every library throws: a one-line message and a one-line hint for the user.
class Error : public std::runtime_error {
 public:
  /// @param code the kind of failure; it becomes the process exit code.
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
