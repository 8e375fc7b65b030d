#include <string>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "core/adopted_socket.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/listener.h"
#include "distributed/tcp_store.h"

namespace svhn::distributed {
namespace {

using core::Error;
using core::ExitCode;
using Bytes = std::vector<std::uint8_t>;

Bytes bytes(const std::string& text) {
  return {text.begin(), text.end()};
}

class TcpConnection : public StoreConnection {
 public:
  explicit TcpConnection(c10::intrusive_ptr<c10d::Store> store) : store_(std::move(store)) {}

  std::int64_t add(const std::string& key, std::int64_t delta) override { return store_->add(key, delta); }
  void set(const std::string& key, const std::string& value) override { store_->set(key, bytes(value)); }
  std::optional<std::string> find(const std::string& key) override {
    if (!store_->check({key})) return std::nullopt;
    const Bytes value = store_->get(key);
    return std::string(value.begin(), value.end());
  }
  std::string set_once(const std::string& key, const std::string& value) override {
    const Bytes kept = store_->compareSet(key, {}, bytes(value));
    return {kept.begin(), kept.end()};
  }

 private:
  c10::intrusive_ptr<c10d::Store> store_;
};

/// Passes the listening socket by LibTorch's own option (2.x). @returns whether LibTorch has the option.
template <class Options>
bool pass_socket(Options& options, int socket) {
  if constexpr (requires { options.masterListenFd; }) {
    options.masterListenFd = socket;
    return true;
  }
  return false;
}

c10::intrusive_ptr<c10d::Store> serve(const core::Launch& launch, c10d::TCPStoreOptions options) {
  core::Listener listener =
      launch.listener >= 0 ? core::Listener(launch.listener) : core::Listener(launch.bind, launch.port);
  options.isServer = true;
  options.port = listener.port();
  if (pass_socket(options, listener.descriptor())) {
    listener.release();
    return c10::make_intrusive<c10d::TCPStore>(launch.bind, options);
  }
  core::adopt_at_next_bind(listener.descriptor());
  auto store = c10::make_intrusive<c10d::TCPStore>(launch.bind, options);
  if (!core::forget_adopted_socket()) return store;
  throw Error(ExitCode::device, "this LibTorch's store would listen on every address of this machine",
              "run the program 'svhn', with Debian's LibTorch 1.13 or any 2.1 or later");
}

c10::intrusive_ptr<c10d::Store> open_connection(const core::Launch& launch, bool server,
                                                std::chrono::milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.timeout = timeout;
  options.waitWorkers = false;
  options.port = launch.port;
  if (server) return serve(launch, options);
  // Rank 0 may be unable to reach itself by the name that the others use.
  const std::string& where = launch.rank == 0 && !launch.launcher_store ? launch.bind : launch.address;
  // c10d tries once a second; the others usually come within milliseconds.
  if (!core::wait_for_listener(where, launch.port, core::Clock::now() + timeout)) {
    throw Error(
        ExitCode::device,
        "nobody answers at " + where + " port " + std::to_string(launch.port) + ", where rank 0 should be",
        "start all processes with the same MASTER_ADDR and MASTER_PORT; rank 0's output may tell more");
  }
  return c10::make_intrusive<c10d::TCPStore>(where, options);
}

}  // namespace

c10::intrusive_ptr<c10d::Store> connect_c10d_store(const core::Launch& launch, bool server,
                                                   std::chrono::milliseconds timeout) {
  try {
    return open_connection(launch, server, timeout);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    const std::string text = error.what();
    throw Error(ExitCode::device,
                "cannot meet the other processes at " + launch.address + " port " +
                    std::to_string(launch.port) + ": " + text.substr(0, text.find('\n')),
                "all processes need the same MASTER_ADDR and MASTER_PORT, and the same version of LibTorch");
  }
}

std::unique_ptr<StoreConnection> open_tcp_store(const core::Launch& launch,
                                                std::chrono::milliseconds timeout) {
  const bool server = launch.rank == 0 && !launch.launcher_store;
  auto store = connect_c10d_store(launch, server, timeout);
  return std::make_unique<TcpConnection>(
      c10::make_intrusive<c10d::PrefixStore>(launch.prefix + "/svhn", std::move(store)));
}

}  // namespace svhn::distributed
