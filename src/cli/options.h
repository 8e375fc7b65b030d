#pragma once
/// Parsed options of the command line, one plain struct a command. Names and defaults are public.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace svhn::cli {

/// Accepted before or after the subcommand.
struct GlobalOptions {
  int threads = 0;  ///< 0: all cores.
  std::string device = "auto";
  std::string precision = "auto";
  std::string log_level = "info";
  bool quiet = false;
};

/// The number of processes of a run and their rendezvous.
struct ProcessOptions {
  int count = 1;          ///< Processes that `svhn` starts on this machine.
  std::string bind;       ///< Address or interface to listen on; empty: that of SVHN_BIND, or loopback only.
  double timeout = 60.0;  ///< Seconds that an operation of the store or the group may take.
};

struct PreprocessOptions {
  std::vector<std::filesystem::path> inputs;
  std::optional<std::int64_t> synthetic;
  std::uint64_t seed = 1;  ///< Seed of the synthetic digits.
  std::filesystem::path output;
  std::string format = "auto";
  std::string labels = "auto";
  bool strict = false;
  std::string split = "random";
  std::string stratify = "onehot";
  double test_fraction = 0.2;
  double val_fraction = 0.2;
  std::uint64_t split_seed = 1;
  std::optional<std::int64_t> limit;
  std::optional<std::filesystem::path> preview;
  bool json = false;
};

struct TrainCommandOptions {
  std::filesystem::path config;
  std::optional<std::filesystem::path> data;
  std::filesystem::path output = "models";
  std::vector<std::string> set;
  std::optional<std::uint64_t> seed;
  bool resume = false;
  bool overwrite = false;
  bool no_train = false;
  bool dry_run = false;
  bool live_chart = false;  ///< Draws the accuracy on the terminal, too.
  bool json = false;
  ProcessOptions processes{};
};

struct EvaluateCommandOptions {
  std::filesystem::path model;
  std::optional<std::filesystem::path> data;
  std::string split = "test";
  std::optional<std::filesystem::path> predictions;
  std::optional<std::filesystem::path> confusion;    ///< .png or .svg
  std::optional<std::filesystem::path> reliability;  ///< .png or .svg
  bool json = false;
  ProcessOptions processes{};
};

struct TransferCommandOptions {
  TrainCommandOptions run;
  std::optional<std::string> weights;            ///< A file or "random"; default: from the config.
  std::optional<std::filesystem::path> compare;  ///< A list of backbones instead of a config.
};

struct TuneCommandOptions {
  std::filesystem::path config;
  std::optional<std::filesystem::path> data;
  std::optional<std::int64_t> trials;
  std::filesystem::path output = "models";
  std::vector<std::string> set;
  std::optional<std::uint64_t> seed;
  bool resume = false;
  bool overwrite = false;
  bool json = false;
  ProcessOptions processes{};
};

struct InterpretCommandOptions {
  std::filesystem::path model;
  std::optional<std::filesystem::path> data;
  std::filesystem::path output;
  std::vector<std::string> what;  ///< Empty: everything.
  std::string split = "test";
  int digit = 3;
  std::int64_t index = 0;
  std::vector<std::string> layers;  ///< Names or indices; empty: the defaults of each part.
  double perplexity = 30.0;
  std::string tsne_method = "fft";
  std::optional<std::filesystem::path> onto;
  std::uint64_t seed = 1;
  bool json = false;
  ProcessOptions processes{};
};

struct PredictCommandOptions {
  std::filesystem::path model;
  std::vector<std::filesystem::path> images;
  int top_k = 3;
  bool tta = false;
  bool json = false;
};

struct ReportCommandOptions {
  std::vector<std::filesystem::path> runs;
  std::filesystem::path output;
  bool json = false;
};

struct ConvertOptions {
  std::filesystem::path input;
  std::filesystem::path output;
};

struct InfoOptions {
  std::filesystem::path file;
  bool json = false;
};

struct ConfigOptions {
  std::vector<std::filesystem::path> files;
  std::vector<std::string> set;
};

struct EnvOptions {
  bool json = false;
};

}  // namespace svhn::cli
