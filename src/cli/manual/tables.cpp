#include "cli/manual/tables.h"

#include <array>

#include "core/error.h"

namespace svhn::cli {
namespace {

/// The names stand in the order of core::ExitCode.
constexpr std::array<ManualRow, 9> kExitCodes{
    {{"0", "Success."},
     {"1", "A defect of svhn."},
     {"2", "Usage: the command line."},
     {"3", "A config."},
     {"4", "A data file is missing, damaged or cannot be written."},
     {"5", "A model, checkpoint or weights file is damaged or does not fit."},
     {"6", "Numeric: NaN or divergence."},
     {"7", "A device, memory or another process."},
     {"128 + n", "Signal n, after an orderly save."}}};
static_assert(static_cast<int>(core::ExitCode::device) + 2 == static_cast<int>(kExitCodes.size()));

constexpr std::array<ManualRow, 5> kEnvironment{
    {{"NO_COLOR", "If it is set and not empty, messages have no colours."},
     {"OMP_WAIT_POLICY, GOMP_SPINCOUNT",
      "How threads wait for each other. Unless they are set, svhn chooses passive and 2000, so that it stays "
      "fast beside other processes."},
     {"SVHN_BIND", "The address or interface of --bind, where that is not given.", "--bind"},
     {"RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT",
      "Which process of several this is and where they meet, as torchrun sets them. Those of Slurm and MPI "
      "are read as well.",
      "--nproc"},
     {"SVHN_CHROMIUM", "The Chromium that prints the page as a PDF.", "--pdf"}}};

constexpr std::array<ManualRow, 6> kFiles{
    {{"../share/svhn/configs, ../share/svhn/models",
      "Seen from the folder of the program: configs and models that come with it and are found by their "
      "names."},
     {"configs/NAME.json",
      "The config NAME of the working folder, which goes before one that comes with the program.",
      "--config"},
     {"OUTPUT/NAME.safetensors, OUTPUT/NAME.best.safetensors",
      "The model of the last epoch and that of the best one. NAME is the config's \"name\", OUTPUT the "
      "folder of --output.",
      "--dry-run"},
     {"OUTPUT/NAME.history.json", "Its learning curves.", "--dry-run"},
     {"OUTPUT/NAME/",
      "The run's folder: its config with all defaults, log, metrics, charts, checkpoints, and the results of "
      "svhn evaluate and svhn interpret.",
      "--dry-run"},
     {"weights/NAME.safetensors", "Published weights of a backbone, as scripts/fetch_weights.sh leaves them.",
      "--backbone"}}};

}  // namespace

std::span<const ManualRow> manual_exit_codes() {
  return kExitCodes;
}

std::span<const ManualRow> manual_environment() {
  return kEnvironment;
}

std::span<const ManualRow> manual_files() {
  return kFiles;
}

}  // namespace svhn::cli
