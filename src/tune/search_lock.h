#pragma once
/// Locks of the trials in the folder of a search: one file, in which a locked byte means that a process
/// trains that trial. The kernel (with NFS the server) releases a lock when its process dies, but not when it
/// is stopped, so two processes never write the files of one trial.
/// @see fcntl(2), open file description locks

#include <cstdint>
#include <filesystem>
#include <string>

namespace svhn::tune {

/// The lock file of a search.
class SearchLock {
 public:
  enum class Need {
    locks,        ///< A file system without locks is an error.
    best_effort,  ///< On a file system without locks everything is free.
  };
  static constexpr std::int64_t kSearch = 0;  ///< The byte of the search itself; a trial's byte is its id.

  /// Opens the file or creates it. @throws core::Error(data)
  SearchLock(const std::filesystem::path& path, Need need);
  SearchLock(const SearchLock&) = delete;
  SearchLock& operator=(const SearchLock&) = delete;
  ~SearchLock();

  /// Locks a byte.
  /// @returns false when another process holds it. @throws core::Error(data) when the file system has no
  /// locks.
  bool try_lock(std::int64_t byte);
  void unlock(std::int64_t byte);
  /// @returns false after `try_lock` has found that the file system has no locks.
  [[nodiscard]] bool effective() const { return effective_; }

  /// Writes the signature of the process that holds the search. @throws core::Error(data)
  void sign(const std::string& text);

 private:
  std::filesystem::path path_;
  Need need_;
  bool effective_ = true;
  int descriptor_ = -1;
};

/// @returns the text that `sign` wrote; empty when there is no such file.
std::string read_signature(const std::filesystem::path& path);

/// @returns a text that is unique to this process, with a first line that describes it: process id, host name
/// and time.
std::string make_signature();

}  // namespace svhn::tune
