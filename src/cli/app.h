#pragma once
/// The command line: which commands there are, how their options read, and what runs them.

#include <functional>

#include "cli/options.h"

namespace svhn::cli {

/// The commands that need LibTorch or OpenCV. The front program hands them over to the engine program, so
/// that help, version, config and info start without loading either library.
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
/// @returns the process exit code.
int run(int argc, const char* const* argv, const Engine& engine);

}  // namespace svhn::cli
