#pragma once
/// What the parser fills in, and the functions that describe each command to it.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <string>

#include "cli/app.h"
#include "cli/options.h"

namespace svhn::cli {

/// All that the parser fills in; it must live as long as the parser.
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
  ConfigOptions check;
  ConfigOptions show;
  EnvOptions env;
  std::function<int()> command;
};

inline constexpr std::int64_t kMostRows = 10'000'000;  ///< 31 GB of pixels.

/// CLI11 2.1 reads -1 as a huge unsigned number without complaint.
std::string refuse_negative(const std::string& text);

/// Adds a subcommand with one example under its help.
CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& description,
                      const std::string& example);

void add_global(CLI::App& app, GlobalOptions& global);
/// For the commands that several processes can share.
void add_process_options(CLI::App* c, ProcessOptions& o);
/// preprocess, train, transfer, tune.
void add_training_commands(CLI::App& app, Arguments& arguments, const Engine& engine);
/// evaluate, interpret, predict, report.
void add_result_commands(CLI::App& app, Arguments& arguments, const Engine& engine);
/// info, convert, config, env.
void add_file_commands(CLI::App& app, Arguments& arguments, const Engine& engine);

}  // namespace svhn::cli
