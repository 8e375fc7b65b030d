#pragma once
/// What each command does. All throw core::Error; the return value is the exit code.

#include "cli/options.h"

namespace svhn::cli {

// Light: no LibTorch, no OpenCV.
int run_info(const InfoOptions& options);
int run_config_check(const ConfigOptions& options);
int run_config_show(const ConfigOptions& options);
int run_config_schema();

// In the engine program.
int run_preprocess(const PreprocessOptions& options, const GlobalOptions& global);
int run_train(const TrainCommandOptions& options, const GlobalOptions& global);
int run_evaluate(const EvaluateCommandOptions& options, const GlobalOptions& global);
int run_transfer(const TransferCommandOptions& options, const GlobalOptions& global);
int run_tune(const TuneCommandOptions& options, const GlobalOptions& global);
int run_interpret(const InterpretCommandOptions& options, const GlobalOptions& global);
int run_predict(const PredictCommandOptions& options, const GlobalOptions& global);
int run_report(const ReportCommandOptions& options, const GlobalOptions& global);
int run_convert(const ConvertOptions& options, const GlobalOptions& global);
int run_env(const EnvOptions& options, const GlobalOptions& global);

}  // namespace svhn::cli
