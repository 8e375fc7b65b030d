#pragma once
/// The entry point of both programs: parses the command line and runs the command.

#include <functional>

#include "cli/options.h"

namespace svhn::cli {

/// The functions that run the commands which need LibTorch or OpenCV. In `svhn` each of them replaces the
/// process by `svhn-engine`, so that `--help`, `--version`, `config` and `info` start without either library.
struct Engine {
  std::function<int(const PreprocessOptions&, const GlobalOptions&)> preprocess;
  std::function<int(const TrainCommandOptions&, const GlobalOptions&)> train;
  std::function<int(const EvaluateCommandOptions&, const GlobalOptions&)> evaluate;
  std::function<int(const TransferCommandOptions&, const GlobalOptions&)> transfer;
  std::function<int(const TuneCommandOptions&, const GlobalOptions&)> tune;
  std::function<int(const InterpretCommandOptions&, const GlobalOptions&)> interpret;
  std::function<int(const PredictCommandOptions&, const GlobalOptions&)> predict;
  std::function<int(const ReportCommandOptions&, const GlobalOptions&)> report;
  std::function<int(const ConvertOptions&, const GlobalOptions&)> convert;
  std::function<int(const EnvOptions&, const GlobalOptions&)> env;
};

/// Parses the arguments and runs the command. Every exception becomes one line and a hint on stderr.
/// @param argc, argv of `main`.
/// @returns the exit code of the process.
int run(int argc, const char* const* argv, const Engine& engine);

}  // namespace svhn::cli
