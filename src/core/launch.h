#pragma once
/// Which process of a run this one is, as whatever started it says in the environment: torchrun and
/// Kubernetes' PyTorchJob (RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT), Open MPI
/// (OMPI_COMM_WORLD_…), Slurm (SLURM_PROCID, SLURM_NTASKS, SLURM_LOCALID, the first host of its node list) or
/// our own `--nproc`.

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace svhn::core {

struct Launch {
  int rank = 0;  ///< 0 to size - 1.
  int size = 1;
  int local_size = 1;  ///< Processes that share the cores, where the launcher has not divided them.
  int local_rank = 0;  ///< Among the processes of this machine; chooses the CUDA device.
  std::string address = "127.0.0.1";  ///< Where rank 0 is met; a numeric address or a name.
  std::uint16_t port = 29500;
  std::string bind = "127.0.0.1";  ///< Where this process listens: a numeric address of this machine.
  int listener = -1;               ///< Rank 0 under `--nproc`: a socket that listens already.
  bool launcher_store = false;     ///< The launcher itself serves the meeting place (torchrun).
  std::string prefix;              ///< Of this run's keys in it.
};

/// @returns the value of a variable, or null; std::getenv is one.
using Environment = std::function<const char*(const char*)>;

/// Says who this process is. RANK and WORLD_SIZE go before Open MPI's variables, those before Slurm's.
/// @param bind of `--bind`: an address or an interface of this machine; empty: SVHN_BIND's, or loopback only.
/// @throws core::Error(usage) naming the variable that is malformed, missing or contradicts another one, and
/// when MASTER_ADDR is not loopback and nothing allows to leave it.
Launch read_launch(const Environment& environment, const std::string& bind = {});

/// @returns true for localhost, 127.x.x.x and ::1, without asking any name server.
bool is_loopback(const std::string& address);

/// @returns the first host of a Slurm node list: "node[003-007,9],login1" gives node003.
std::string first_host(const std::string& list);

/// Whether this process is the one to tell of a failure: of processes started by `--nproc` the first that
/// asks, and every process otherwise. Asks the eventfd that SVHN_SAY_ONCE names.
/// @param patience how long to let another one go first.
bool may_report_failure(std::chrono::milliseconds patience = {});

}  // namespace svhn::core
