#pragma once
/// One function for each command. All throw core::Error; the return value is the exit code of the process.

#include "cli/options.h"

namespace svhn::data {
class PreparedData;
}

namespace svhn::cli {

// Without LibTorch and OpenCV, in `svhn` itself.
int run_info(const InfoOptions& options);
int run_config_check(const ConfigOptions& options);
int run_config_show(const ConfigOptions& options);
int run_config_schema();

// In `svhn-engine`.
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

/// Prints the sizes, classes and metadata of a prepared file, for `info` and `preprocess`: as text, or as
/// {"kind":"data","images":N,"splits":{…},"class_counts":[10],"source":…, …}.
void print_data(const data::PreparedData& data, bool as_json);

}  // namespace svhn::cli
