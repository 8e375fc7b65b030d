#pragma once
/// What the command line said, one plain struct a command; names and defaults are the README's contract.

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

/// How many processes share a run, and how they meet.
struct ProcessOptions {
  int count = 1;          ///< Of this machine, started by `svhn` itself.
  std::string bind;       ///< An address or interface of this machine; empty: SVHN_BIND's, or loopback only.
  double timeout = 60.0;  ///< Seconds that any operation between them may take.
};

struct PreprocessOptions {
  std::vector<std::filesystem::path> inputs;
  std::optional<std::int64_t> synthetic;
  std::uint64_t seed = 1;  ///< Of synthetic digits.
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
  bool live_chart = false;  ///< Also on the terminal.
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
  std::optional<std::string> weights;            ///< A file, or "random"; default: the config's.
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
  std::vector<std::string> layers;  ///< Names or indices; empty: each kind's default.
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
