#pragma once
/// Describes every command and its options to CLI11.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>

#include "cli/app.h"
#include "cli/options.h"

namespace svhn::cli {

/// The parsed options of every command. CLI11 writes into it: it must outlive the `CLI::App`.
struct Arguments {
  GlobalOptions global;
  PreprocessOptions preprocess;
  TrainCommandOptions train;
  EvaluateCommandOptions evaluate;
  InterpretCommandOptions interpret;
  TransferCommandOptions transfer;
  TuneCommandOptions tune;
  PredictCommandOptions predict;
  ReportCommandOptions report;
  ConvertOptions convert;
  InfoOptions info;
  ConfigOptions check;  ///< `config check`
  ConfigOptions show;   ///< `config show`
  EnvOptions env;
  std::function<int()> command;  ///< Runs the parsed command; returns the exit code.
};

/// Adds the global options and all commands. Parsing sets `arguments.command`.
/// @param engine runs the commands that need LibTorch or OpenCV; it must outlive `app`.
void add_commands(CLI::App& app, Arguments& arguments, const Engine& engine);

}  // namespace svhn::cli
