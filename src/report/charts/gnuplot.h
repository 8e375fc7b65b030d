#pragma once
/// Gnuplot as a child process. Its standard input, output and error are memory files rather than pipes, so
/// that nothing blocks and the end of gnuplot raises no SIGPIPE. No shell is involved.

#include <chrono>
#include <memory>
#include <string>

#include "report/charts/chart.h"

namespace svhn::report {

/// One gnuplot process that draws one chart.
class GnuplotRun {
 public:
  /// Starts the program and returns at once; gnuplot's start-up files are not read.
  /// @param terminal commands in front of the chart's, such as "set terminal svg\n"; gnuplot writes the image
  /// to its standard output.
  /// @param program a name in PATH or a path.
  GnuplotRun(const std::string& terminal, const Chart& chart, const std::string& program = kGnuplot);
  GnuplotRun(const GnuplotRun&) = delete;
  GnuplotRun& operator=(const GnuplotRun&) = delete;
  /// Kills the process if it still runs.
  ~GnuplotRun();

  /// @returns whether the process still runs.
  [[nodiscard]] bool running();
  /// Sets the process to the lowest priority (niceness 19).
  void lower_priority();
  /// Waits for the end of the process. @param limit a process that runs longer is killed; the result is
  /// `failed`.
  /// @returns `drawn` when it exited with 0, `no_gnuplot` when the program was not found, otherwise `failed`
  /// with its error message.
  ChartResult wait(std::chrono::milliseconds limit = std::chrono::seconds(60));
  /// @returns the standard output so far, at most 64 MiB.
  [[nodiscard]] std::string output() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace svhn::report
