#pragma once
/// Who works on what in a search's folder: one file, of which each byte that is locked stands for a trial
/// that is being trained. The kernel (with NFS the server) gives a lock back when its process has died, not
/// when it is merely stopped, so no two processes ever write one trial's files.
/// @see fcntl(2), open file description locks

#include <cstdint>
#include <filesystem>
#include <string>

namespace svhn::tune {

class SearchLock {
 public:
  enum class Need {
    locks,        ///< Refuse a file system without locks.
    best_effort,  ///< There, everything counts as free.
  };
  static constexpr std::int64_t kSearch = 0;  ///< The byte of the search as a whole; trials have their ids.

  /// Opens the file, or makes it. @throws core::Error(data)
  SearchLock(const std::filesystem::path& path, Need need);
  SearchLock(const SearchLock&) = delete;
  SearchLock& operator=(const SearchLock&) = delete;
  ~SearchLock();

  /// @returns false when another process holds it. @throws core::Error(data) when there are no locks here.
  bool try_take(std::int64_t place);
  void release(std::int64_t place);

  /// Writes who holds the search. @throws core::Error(data)
  void sign(const std::string& text);

 private:
  std::filesystem::path path_;
  Need need_;
  int descriptor_ = -1;
};

/// @returns what `sign` wrote, or nothing when there is no such file.
std::string read_signature(const std::filesystem::path& path);

/// @returns a text that no other process signs with: this one's number, machine and time.
std::string make_signature();

}  // namespace svhn::tune
