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
};

struct EvaluateCommandOptions {
  std::filesystem::path model;
  std::optional<std::filesystem::path> data;
  std::string split = "test";
  std::optional<std::filesystem::path> predictions;
  std::optional<std::filesystem::path> confusion;  ///< .png or .svg
  bool json = false;
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
