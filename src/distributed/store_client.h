#pragma once
/// A thread that owns the connection to the meeting place, because that connection's calls know no time
/// limit. It also shows that this process lives: once in a while it adds to a counter, and looks for notice.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "distributed/raw_store.h"

namespace svhn::distributed {

struct StoreClientOptions {
  std::string heartbeat_key;     ///< The counter that this process adds to.
  std::string notice_key;        ///< The text to look for.
  std::string acknowledged_key;  ///< The counter that says that this process has read them.
  std::string lost_notice;       ///< What to take for notice when the connection breaks.
  std::chrono::milliseconds beat{500};
  std::chrono::milliseconds patience{60'000};  ///< How long a call may take.
};

class StoreClient {
 public:
  /// Opens the connection. @throws as `open`, and core::Error(device) after twice the patience.
  StoreClient(const OpenStore& open, StoreClientOptions options);
  StoreClient(const StoreClient&) = delete;
  StoreClient& operator=(const StoreClient&) = delete;
  /// Ends the thread; one that hangs in a call is left to itself, with its connection.
  ~StoreClient();

  /// Lets the thread call `task`. @throws what `task` throws; core::Error(device) after the patience.
  template <class R>
  R call(const std::function<R(RawStore&)>& task, std::optional<std::chrono::milliseconds> patience = {}) {
    auto packed = std::make_shared<std::packaged_task<R(RawStore&)>>(task);
    std::future<R> result = packed->get_future();
    push([packed](RawStore& store) { (*packed)(store); });
    if (result.wait_for(patience.value_or(options_.patience)) != std::future_status::ready) throw_silent();
    return result.get();
  }

  /// @returns the notice, once there are any.
  [[nodiscard]] std::optional<std::string> notice() const;
  /// Waits for notice. @returns whether there are any.
  bool wait_for_notice(std::chrono::milliseconds patience) const;

 private:
  using Task = std::function<void(RawStore&)>;
  /// Shared with the thread, which may outlive this object.
  struct Desk {
    mutable std::mutex mutex;
    mutable std::condition_variable changed;
    std::deque<Task> tasks;
    bool closing = false;
    bool ended = false;
    std::optional<std::string> notice;
  };

  static void work(Desk& desk, RawStore& store, const StoreClientOptions& options);
  static bool beat(Desk& desk, RawStore& store, const StoreClientOptions& options);
  static void publish(Desk& desk, const std::string& notice);
  void push(Task task);
  [[noreturn]] void throw_silent() const;

  StoreClientOptions options_;
  std::shared_ptr<Desk> desk_;
};

}  // namespace svhn::distributed
