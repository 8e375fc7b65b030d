#include "distributed/rendezvous.h"

#include <utility>

#include "core/error.h"
#include "distributed/process_store.h"
#include "distributed/rendezvous_parts.h"

namespace svhn::distributed {
namespace {

#if !defined(SVHN_C10D) || !defined(SVHN_GLOO)
[[noreturn]] void throw_alone(const char* what) {
  throw core::Error(
      core::ExitCode::device,
      std::string("this program was built without ") + what + ", so it runs in one process",
      "build it with Debian's libtorch-dev and libgloo-dev, or name the Gloo headers that fit your "
      "LibTorch with -DSVHN_GLOO_INCLUDE_DIR");
}
#endif

}  // namespace

#ifdef SVHN_C10D
std::shared_ptr<Store> join_store(const JoinOptions& options) {
  const core::Launch launch = options.launch;
  MemberOptions member;
  member.rank = launch.rank;
  member.size = launch.size;
  member.serves = launch.rank == 0 && !launch.foreign_store;
  member.foreign_store = launch.foreign_store;
  member.timeout = options.timeout;
  return std::make_shared<Member>(member,
                                  [launch, t = options.timeout] { return open_tcp_store(launch, t); });
}
#else
std::shared_ptr<Store> join_store(const JoinOptions& /*options*/) {
  throw_alone("c10d");
}
#endif

#ifdef SVHN_GLOO
std::unique_ptr<Group> join_group(const JoinOptions& options, std::shared_ptr<Store> store,
                                  const torch::Device& device) {
  auto plain = join_gloo(options, store);
  if (device.is_cpu()) return plain;
#ifdef SVHN_NCCL
  return join_nccl(options, std::move(store), std::move(plain));
#else
  throw core::Error(core::ExitCode::device,
                    "this program was built without NCCL, which several processes on CUDA need",
                    "use --device cpu, or one process");
#endif
}
#else
std::unique_ptr<Group> join_group(const JoinOptions& /*options*/, std::shared_ptr<Store> /*store*/,
                                  const torch::Device& /*device*/) {
  throw_alone("Gloo");
}
#endif

}  // namespace svhn::distributed
