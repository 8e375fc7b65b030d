#pragma once
/// The table of the commands.

#include "cli/commands/calibrate.h"
#include "cli/commands/compare.h"
#include "cli/commands/completion.h"
#include "cli/commands/config.h"
#include "cli/commands/convert.h"
#include "cli/commands/env.h"
#include "cli/commands/evaluate.h"
#include "cli/commands/export.h"
#include "cli/commands/info.h"
#include "cli/commands/interpret.h"
#include "cli/commands/manuals.h"
#include "cli/commands/predict.h"
#include "cli/commands/preprocess.h"
#include "cli/commands/report.h"
#include "cli/commands/train.h"
#include "cli/commands/transfer.h"
#include "cli/commands/tune.h"

namespace svhn::cli {

// clang-format off
/// In the order of the program's help.
using Commands = CommandList<
    PreprocessOptions,
    TrainCommandOptions,
    TransferCommandOptions,
    TuneCommandOptions,
    EvaluateCommandOptions,
    CalibrateOptions,
    CompareOptions,
    InterpretCommandOptions,
    PredictCommandOptions,
    ReportCommandOptions,
    InfoOptions,
    ConvertOptions,
    ExportOptions,
    ConfigOptions,
    EnvOptions,
    CompletionOptions,
    CompleteOptions,
    ManualsOptions>;
// clang-format on

/// @returns the table, for what only looks at it: nothing runs.
inline std::vector<Command> all_commands() {
  return make_commands(Commands(), [](const auto& /*options*/, const GlobalOptions&) { return 0; });
}

}  // namespace svhn::cli
