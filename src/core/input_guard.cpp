#include "core/input_guard.h"

#include <atomic>
#include <map>
#include <mutex>

#include "core/error.h"

namespace svhn::core {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHint = "choose another output; what is read is never written over";

std::string text_of(const NamedPath& path, const char* otherwise) {
  return (path.name.empty() ? otherwise : path.name) + (" '" + path.path.string() + "'");
}

[[noreturn]] void refuse(const NamedPath& output, const std::string& other, const char* hint) {
  throw Error(ExitCode::usage, text_of(output, "the output") + " is the same file as " + other, hint);
}

class Guard {
 public:
  void set_up(const std::vector<NamedPath>& inputs, std::vector<NamedPath> outputs) {
    const std::lock_guard lock(mutex_);
    inputs_.clear();
    outputs_ = std::move(outputs);
    on_ = !(inputs.empty() && outputs_.empty());
    for (const NamedPath& input : inputs) insert(input);
    check_declared();
    for (auto one = outputs_.begin(); one != outputs_.end(); ++one) {
      for (auto other = outputs_.begin(); other != one; ++other) {
        if (is_stream(one->path) || !is_same_file(one->path, other->path)) continue;
        refuse(*one, text_of(*other, "the output"), "give each output a file of its own");
      }
    }
  }

  void add(const fs::path& path) {
    if (!on_) return;
    const std::lock_guard lock(mutex_);
    insert({"", path});
  }

  void add(const fs::path& path, const FileId& id) {
    if (!on_) return;
    const std::lock_guard lock(mutex_);
    insert(id, {"", path});
  }

  void allow(const fs::path& path) {
    if (!on_) return;
    const std::lock_guard lock(mutex_);
    if (const auto id = file_id(path)) inputs_.erase(*id);
  }

  void check(std::span<const fs::path> outputs) {
    if (!on_) return;
    const std::lock_guard lock(mutex_);
    check_declared();
    for (const fs::path& output : outputs) check_one({"", output});
  }

  void check_removal(const fs::path& folder) {
    if (!on_) return;
    const std::lock_guard lock(mutex_);
    for (const auto& input : inputs_) {
      if (!is_below(input.second.path, folder) || is_stale(input)) continue;
      throw Error(ExitCode::usage,
                  text_of(input.second, "the input") + " is in the folder '" + folder.string() +
                      "', whose files are replaced",
                  kHint);
    }
  }

 private:
  void insert(const NamedPath& input) {
    if (is_stream(input.path)) return;
    if (const auto id = file_id(input.path)) insert(*id, input);
  }

  void insert(const FileId& id, const NamedPath& input) {
    const auto [at, fresh] = inputs_.emplace(id, input);
    if (!fresh && is_stale(*at)) at->second = input;
  }

  /// @returns whether the file was removed; its inode may be another file's now.
  static bool is_stale(const std::pair<const FileId, NamedPath>& input) {
    return file_id(input.second.path) != input.first;
  }

  void check_declared() {
    for (const NamedPath& output : outputs_) check_one(output);
  }

  void check_one(const NamedPath& output) {
    const auto id = file_id(output.path);
    const auto found = id ? inputs_.find(*id) : inputs_.end();
    if (found == inputs_.end()) return;
    if (is_stale(*found)) {
      inputs_.erase(found);
      return;
    }
    refuse(output, text_of(found->second, "the input"), kHint);
  }

  std::atomic<bool> on_{false};
  std::mutex mutex_;
  std::map<FileId, NamedPath> inputs_;
  std::vector<NamedPath> outputs_;
};

/// MappedFile and AtomicFile are used by all modules; the command line that they serve is one for the
/// process. Never destroyed, as threads may outlive `main`.
Guard& guard() {
  static Guard& only = *new Guard;
  return only;
}

}  // namespace

void guard_inputs(const std::vector<NamedPath>& inputs, std::vector<NamedPath> outputs) {
  guard().set_up(inputs, std::move(outputs));
}

void add_input(const fs::path& path) {
  guard().add(path);
}

void add_input(const fs::path& path, const FileId& id) {
  guard().add(path, id);
}

void allow_replacing(const fs::path& path) {
  guard().allow(path);
}

void check_outputs(std::span<const fs::path> outputs) {
  guard().check(outputs);
}

void check_removal(const fs::path& folder) {
  guard().check_removal(folder);
}

}  // namespace svhn::core
