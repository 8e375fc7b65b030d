#pragma once
/// One run of the program gnuplot, from its script to what it wrote. No shell and no pipe is in between:
/// script, picture and messages are files in memory, so that nothing blocks and a gnuplot that dies raises no
/// SIGPIPE.

#include <chrono>
#include <memory>
#include <string>

#include "report/charts/chart.h"

namespace svhn::report {

class GnuplotRun {
 public:
  /// Starts the program and returns at once; the user's own start-up files are not read.
  /// @param terminal commands before the chart's, such as "set terminal svg\n"; the picture goes to the
  /// program's standard output.
  /// @param program a name in PATH or a path.
  GnuplotRun(const std::string& terminal, const Chart& chart, const std::string& program = kGnuplot);
  GnuplotRun(const GnuplotRun&) = delete;
  GnuplotRun& operator=(const GnuplotRun&) = delete;
  /// Kills a program that still runs.
  ~GnuplotRun();

  [[nodiscard]] bool running();
  /// Lets it run only when processors have nothing better to do (niceness 19), from now on.
  void lower_priority();
  /// Waits for the end. @param limit a program that runs longer is killed and has failed.
  /// @returns `drawn` when it ended well, `no_gnuplot` when it could not be found, else `failed` with its
  /// words.
  ChartResult wait(std::chrono::milliseconds limit = std::chrono::seconds(60));
  /// @returns what it wrote to its standard output so far, at most 64 MiB.
  [[nodiscard]] std::string output() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace svhn::report
