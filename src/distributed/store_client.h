#pragma once
/// c10d store calls can block for ever, so a thread owns the connection and the callers wait for it with a
/// timeout. The same thread sends heartbeats (it adds to a counter) and polls for the failure notice.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "distributed/tcp_store.h"

namespace svhn::distributed {

struct StoreClientOptions {
  std::string heartbeat_key;     ///< Counter that this process adds to.
  std::string notice_key;        ///< Key of the failure notice.
  std::string acknowledged_key;  ///< Counter that shows that this process has read the notice.
  std::string lost_notice;       ///< Taken as the notice when the connection breaks.
  std::chrono::milliseconds heartbeat_interval{500};
  std::chrono::milliseconds timeout{60'000};  ///< Of one call.
};

class StoreClient {
 public:
  /// Opens the connection. @throws as `open`, and core::Error(device) after twice the timeout.
  StoreClient(const OpenConnection& open, StoreClientOptions options);
  StoreClient(const StoreClient&) = delete;
  StoreClient& operator=(const StoreClient&) = delete;
  /// Ends the thread; one that hangs in a call is abandoned with its connection.
  ~StoreClient();

  /// Runs `task` on the thread. @throws what `task` throws; core::Error(device) after the timeout.
  template <class R>
  R call(const std::function<R(StoreConnection&)>& task,
         std::optional<std::chrono::milliseconds> timeout = {}) {
    auto packed = std::make_shared<std::packaged_task<R(StoreConnection&)>>(task);
    std::future<R> result = packed->get_future();
    push([packed](StoreConnection& store) { (*packed)(store); });
    if (result.wait_for(timeout.value_or(options_.timeout)) != std::future_status::ready) throw_silent();
    return result.get();
  }

  /// Looks for the failure notice at once, and acknowledges it. @throws as `call`
  void look_for_notice(std::chrono::milliseconds timeout);
  /// @returns the failure notice, once there is one.
  [[nodiscard]] std::optional<std::string> notice() const;
  /// Waits for the failure notice. @returns whether there is one.
  bool wait_for_notice(std::chrono::milliseconds timeout) const;

 private:
  using Task = std::function<void(StoreConnection&)>;
  /// Shared with the thread, which may outlive this object.
  struct State {
    mutable std::mutex mutex;
    mutable std::condition_variable changed;
    std::deque<Task> tasks;
    bool closing = false;
    bool ended = false;
    std::optional<std::string> notice;
  };

  static void run(State& state, StoreConnection& store, const StoreClientOptions& options);
  static bool send_heartbeat(State& state, StoreConnection& store, const StoreClientOptions& options);
  static void publish(State& state, const std::string& notice);
  void push(Task task);
  [[noreturn]] void throw_silent() const;

  StoreClientOptions options_;
  std::shared_ptr<State> state_;
};

}  // namespace svhn::distributed
