#pragma once
/// Parsed options that several commands share, and the types of their paths.

#include <filesystem>
#include <iosfwd>
#include <string>
#include <utility>

namespace svhn::cli {

/// Accepted before or after the subcommand.
struct GlobalOptions {
  int threads = 0;  ///< 0: all cores.
  std::string device = "auto";
  std::string precision = "auto";
  std::string log_level = "info";
  bool quiet = false;
};

/// What a command does with a path of its command line.
enum class PathUse {
  input,   ///< It reads this file or folder.
  output,  ///< It writes this file.
  text,    ///< It writes text into this file, device or pipe.
  folder,  ///< It writes files into this folder.
};

/// A path with its use. Options are declared with `add_path`; CLI11's own `add_option` does not compile for
/// them. So the program knows every path of every command, and no output replaces an input.
template <PathUse path_use>
struct PathOption : std::filesystem::path {
  static constexpr PathUse kUse = path_use;

  PathOption() = default;
  static PathOption of(std::filesystem::path path) {
    PathOption option;
    static_cast<std::filesystem::path&>(option) = std::move(path);
    return option;
  }
  friend std::istream& operator>>(std::istream& stream, PathOption& option) = delete;
};

using InputPath = PathOption<PathUse::input>;
using OutputFile = PathOption<PathUse::output>;
using OutputText = PathOption<PathUse::text>;
using OutputFolder = PathOption<PathUse::folder>;

/// The number of processes of a run and their rendezvous.
struct ProcessOptions {
  int count = 1;          ///< Processes that `svhn` starts on this machine.
  std::string bind;       ///< Address or interface to listen on; empty: that of SVHN_BIND, or loopback only.
  double timeout = 60.0;  ///< Seconds that an operation of the store or the group may take.
};

}  // namespace svhn::cli
