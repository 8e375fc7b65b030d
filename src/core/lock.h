#pragma once
/// Locks that end with the process that holds them: the kernel (with NFS the server) releases them when it
/// dies.
/// @see fcntl(2), open file description locks

#include <filesystem>
#include <string>

namespace svhn::core {

enum class LockState {
  held,         ///< By this process.
  busy,         ///< Held by another process.
  unsupported,  ///< The file system has no locks.
};

/// Locks a file until the descriptor is closed. Does not wait.
/// @param descriptor open for writing.
LockState try_lock(int descriptor);

/// Removes the lock's file that a dead process has left in a folder. @see FolderLock
void remove_dead_lock(const std::filesystem::path& folder);

/// @returns who this process is and what time it is: "process 4711 on node3 since 2024-05-01T09:30:00Z".
std::string describe_process();

/// A folder that only one process writes into: a lock on the file `.lock` in it, which names the process. The
/// file goes away with the object; one that a dead process has left does no harm.
class FolderLock {
 public:
  /// Creates the folder, if there is none, and locks it.
  /// @throws Error(usage) naming the process that holds the lock; Error(data) when the folder cannot be
  /// written.
  explicit FolderLock(std::filesystem::path folder);
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();

  /// @returns whether other processes are kept out; false on a file system without locks.
  [[nodiscard]] bool effective() const { return state_ == LockState::held; }
  /// @returns whether the lock's file is still in the folder.
  [[nodiscard]] bool intact() const;
  /// Locks the folder anew after it was removed. @throws Error(data) when another process has taken it.
  void renew();

 private:
  void acquire();
  void sign() const;
  void close();

  std::filesystem::path folder_;
  std::filesystem::path file_;
  int descriptor_ = -1;
  LockState state_ = LockState::busy;
};

}  // namespace svhn::core
