#pragma once
/// The folder of a run, which one process at a time writes.

#include <filesystem>
#include <functional>
#include <optional>
#include <utility>

#include "core/lock.h"
#include "core/paths.h"
#include "train/run_files.h"
#include "train/session.h"

namespace svhn::train {

class RunFolder {
 public:
  /// Tells core::check_outputs what the run will read. Writes nothing.
  /// @param request must outlive the object. @param writes whether this process writes the files.
  /// @throws core::Error(usage) when the run exists and the request does not say what to do.
  RunFolder(const SessionRequest& request, bool writes);

  [[nodiscard]] const RunFiles& files() const { return files_; }

  /// Makes and locks the folder, removes what is to be overwritten, and writes the config.
  /// @throws core::Error(usage) when a file of the run is one that it reads, and when another process writes
  /// the run or has done so since this object was made; (data) when the folder cannot be written.
  void open();
  [[nodiscard]] bool is_open() const { return lock_.has_value(); }
  /// @returns whether other processes are kept out; false on a file system without locks.
  [[nodiscard]] bool exclusive() const { return !lock_ || lock_->effective(); }

  /// Calls what writes files of the run. If the folder is removed meanwhile, it is made again, with the
  /// config, and the call is repeated. @throws core::Error(data) when another process has taken the folder.
  void write(const std::function<void()>& files_of_run);

 private:
  /// What tells one file from the next under the same name; empty: there is none.
  using Stamp = std::optional<std::pair<core::FileId, std::filesystem::file_time_type>>;

  static Stamp stamp_of(const std::filesystem::path& path);
  void refuse_existing() const;
  void restore();

  const SessionRequest& request_;
  RunFiles files_;
  Stamp found_;                           // The last checkpoint, before it was read.
  std::optional<core::FolderLock> lock_;  // Once it is open.
};

}  // namespace svhn::train
