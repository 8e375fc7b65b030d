#pragma once
/// Rank and world size of this process, read from the launcher's environment variables: torchrun and
/// Kubernetes' PyTorchJob (RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT), Open MPI
/// (OMPI_COMM_WORLD_…), Slurm (SLURM_PROCID, SLURM_NTASKS, SLURM_LOCALID, the first host of its node list) or
/// `svhn --nproc`.

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace svhn::core {

struct Launch {
  int rank = 0;        ///< 0 to size - 1.
  int size = 1;        ///< World size.
  int local_size = 1;  ///< Processes that share the cores; 1 where the launcher divides the cores.
  int local_rank = 0;  ///< Rank on this machine; selects the CUDA device.
  std::string address = "127.0.0.1";  ///< Rendezvous address of rank 0: a numeric address or a host name.
  std::uint16_t port = 29500;         ///< Rendezvous port.
  std::string bind = "127.0.0.1";     ///< Numeric address of this machine on which this process listens.
  int listener = -1;                  ///< Rank 0 under `--nproc`: an inherited listening socket; -1: none.
  bool launcher_store = false;        ///< The launcher serves the rendezvous store (torchrun).
  std::string prefix;                 ///< Prefix of this run's keys in the store.
};

/// Returns the value of a variable, or null, as std::getenv does.
using Environment = std::function<const char*(const char*)>;

/// Reads the launcher's variables. RANK and WORLD_SIZE take precedence over Open MPI's variables,
/// those over Slurm's.
/// @param bind value of `--bind`: an address or interface of this machine; empty: SVHN_BIND, or loopback.
/// @throws core::Error(usage) naming the variable that is malformed, missing or contradicts another one, and
/// when MASTER_ADDR is not loopback and neither `bind` nor SVHN_BIND is given.
Launch read_launch(const Environment& environment, const std::string& bind = {});

/// Raises the soft limit of open files as far as the hard one allows, for connections to `processes` others.
/// @throws core::Error(device) when that is too low for them.
void reserve_connections(int processes);

/// @returns true for localhost, 127.x.x.x and ::1, without a DNS query.
bool is_loopback(const std::string& address);

/// @returns the first host of a Slurm node list: "node[003-007,9],login1" gives node003.
std::string first_host(const std::string& list);

/// @returns whether this process may print its failure. Under `--nproc` only the first caller may; the
/// processes share the eventfd that SVHN_SAY_ONCE names. Without it every process may.
/// @param patience how long to wait for another process to report first.
bool may_report_failure(std::chrono::milliseconds patience = {});

}  // namespace svhn::core
