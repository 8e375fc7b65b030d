#include "distributed/rendezvous.h"

#include <utility>

#include "core/error.h"
#include "distributed/process_store.h"
#include "distributed/tcp_store.h"

namespace svhn::distributed {
namespace {

#if !defined(SVHN_C10D) || !defined(SVHN_GLOO)
[[noreturn]] void throw_not_built(const char* what) {
  throw core::Error(
      core::ExitCode::device,
      std::string("this program was built without ") + what + ", so it runs in one process",
      "build it with Debian's libtorch-dev and libgloo-dev, or name the Gloo headers that fit your "
      "LibTorch with -DSVHN_GLOO_INCLUDE_DIR");
}
#endif

}  // namespace

#ifdef SVHN_C10D
std::shared_ptr<Store> rendezvous(const RendezvousOptions& options) {
  const core::Launch launch = options.launch;
  ProcessStoreOptions own;
  own.rank = launch.rank;
  own.size = launch.size;
  own.is_server = launch.rank == 0 && !launch.launcher_store;
  own.launcher_store = launch.launcher_store;
  own.timeout = options.timeout;
  return std::make_shared<ProcessStore>(own,
                                        [launch, t = options.timeout] { return open_tcp_store(launch, t); });
}
#else
std::shared_ptr<Store> rendezvous(const RendezvousOptions& /*options*/) {
  throw_not_built("c10d");
}
#endif

#ifdef SVHN_GLOO
std::unique_ptr<ProcessGroup> init_process_group(const RendezvousOptions& options,
                                                 std::shared_ptr<Store> store, const torch::Device& device) {
  auto plain = make_gloo_group(options, store);
  if (device.is_cpu()) return plain;
#ifdef SVHN_NCCL
  return make_nccl_group(options, std::move(store), std::move(plain));
#else
  throw core::Error(core::ExitCode::device,
                    "this program was built without NCCL, which several processes on CUDA need",
                    "use --device cpu, or one process");
#endif
}
#else
std::unique_ptr<ProcessGroup> init_process_group(const RendezvousOptions& /*options*/,
                                                 std::shared_ptr<Store> /*store*/,
                                                 const torch::Device& /*device*/) {
  throw_not_built("Gloo");
}
#endif

}  // namespace svhn::distributed
