#pragma once
/// Parsed options that several commands share.

#include <string>

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

}  // namespace svhn::cli
