#pragma once
/// A safe reader of Python pickles, protocols 2 to 5: it records the values of a pickle and executes nothing.
/// Every call in a pickle becomes a `PickleKind::object` with the callable's name and the arguments, which
/// the caller interprets. Callables outside the caller's allow-list are refused by name. Byte and text values
/// are views of the file, so a pickle of many GB needs memory only for its small objects.
/// @see Python's Lib/pickletools.py for the documented meaning of every opcode.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace svhn::formats {

enum class PickleKind : std::uint8_t {
  none,
  boolean,
  integer,   ///< 64 bits; longer integers are refused.
  floating,  ///< A double.
  bytes,     ///< bytes, bytearray or a Python 2 str.
  text,      ///< UTF-8 as stored, not validated.
  tuple,
  list,
  dict,  ///< `items` are key, value, key, value, …
  set,
  global,      ///< An allowed module.name.
  object,      ///< A call of an allowed global with its arguments, state and added items.
  persistent,  ///< An id of data outside the pickle (only when the caller allows them).
};

/// A handle to a value of a `Pickle`; cheap to copy, valid only with that `Pickle`.
struct PickleValue {
  PickleKind kind = PickleKind::none;
  bool wide = false;        ///< Integers: `index` is an index into a pool, not the number itself.
  std::uint32_t index = 0;  ///< Index into the pool of the kind, or the small value itself.
};

/// One row of an allow-list.
struct PickleGlobal {
  std::string_view module;
  std::string_view name;
  int kind = 0;  ///< Defined by the caller; several names may share one.
};

struct PickleOptions {
  std::string file;                            ///< Name for messages.
  core::ExitCode code = core::ExitCode::data;  ///< Exit code of a failure.
  std::string purpose = "a data frame";        ///< For the message "…, which <purpose> does not need".
  std::string advice{};                        ///< Its hint: what to save in place of the file.
  std::span<const PickleGlobal> globals;       ///< The allow-list; must outlive the Pickle.
  bool persistent_ids = false;                 ///< Accept BINPERSID, which PyTorch's checkpoints use.
  /// Called with (offset, length) of the parts of the file that have been parsed; may be empty.
  std::function<void(std::size_t, std::size_t)> release;
};

/// A parsed pickle. Memory is limited to 32 MiB plus twice the file's length; nesting has no other limit.
class Pickle {
 public:
  /// Parses `bytes` up to the STOP opcode. Only small objects are copied: `bytes` must outlive the Pickle.
  /// @throws core::Error(options.code) naming file and byte: truncated, not a pickle of protocol 2 to 5, a
  /// global outside the allow-list, an unknown opcode, invalid use of the stack or memo, or too many objects.
  Pickle(std::span<const std::byte> bytes, PickleOptions options);

  [[nodiscard]] PickleValue root() const { return root_; }
  /// @returns the pickle's length in bytes, including its STOP opcode; bytes behind it are ignored.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Each of the following throws core::Error when the value is of another kind.
  [[nodiscard]] bool boolean(PickleValue value) const;
  [[nodiscard]] std::int64_t integer(PickleValue value) const;
  [[nodiscard]] double floating(PickleValue value) const;
  [[nodiscard]] std::span<const std::byte> bytes(PickleValue value) const;
  /// @returns the characters of text or bytes (Python 2 wrote text as bytes).
  [[nodiscard]] std::string_view text(PickleValue value) const;
  /// @returns the items of a tuple, set, dict, a list that is not packed, or the items added to an object.
  [[nodiscard]] std::span<const PickleValue> items(PickleValue value) const;
  /// @returns the value of a text key of a dict, or null. The last of equal keys wins, as in Python.
  [[nodiscard]] const PickleValue* find(PickleValue dict, std::string_view key) const;
  [[nodiscard]] int global_kind(PickleValue global) const;
  [[nodiscard]] int callable_kind(PickleValue object) const;
  [[nodiscard]] PickleValue arguments(PickleValue object) const;  ///< A tuple.
  [[nodiscard]] PickleValue state(PickleValue object) const;      ///< The state set by BUILD, or none.
  [[nodiscard]] PickleValue persistent_id(PickleValue value) const;
  /// @returns the ids of all data outside the pickle, in the order of the file.
  [[nodiscard]] std::span<const PickleValue> persistent_ids() const { return persistent_; }

  /// A list (or list-like object) whose elements are all integers 0..255 is stored as bytes.
  [[nodiscard]] bool is_packed(PickleValue list) const;
  [[nodiscard]] std::span<const std::uint8_t> packed(PickleValue list) const;

  static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);
  /// @returns the file offset of a view of the file, or `kNowhere` for other bytes.
  [[nodiscard]] std::size_t offset_of(std::span<const std::byte> view) const;
  /// @returns the file offset of the value, bytes; 0 for numbers, None and globals.
  [[nodiscard]] std::size_t position(PickleValue value) const;
  /// Throws "'FILE': <what> (byte N)".
  [[noreturn]] void fail(const std::string& what, std::size_t position, const std::string& hint) const;
  [[nodiscard]] const PickleOptions& options() const { return options_; }

 private:
  friend class PickleMachine;
  struct View {
    std::size_t offset, size;
  };
  struct Tuple {
    std::size_t position, first, size;
  };
  struct List {
    std::size_t position;
    std::vector<PickleValue> items;
    std::vector<std::uint8_t> packed;  // Used instead of `items` while every element is an integer 0..255.
  };
  struct Object {
    std::size_t position;
    PickleValue callable, arguments, state, added;
  };
  void expect(PickleValue value, PickleKind kind, const char* wanted) const;
  [[nodiscard]] PickleValue as_list(PickleValue value) const;

  std::span<const std::byte> file_;
  PickleOptions options_;
  PickleValue root_;
  std::size_t size_ = 0;
  std::vector<std::int64_t> integers_;
  std::vector<double> floats_;
  std::vector<View> views_;
  std::vector<PickleValue> children_;  // Items of all tuples, one tuple after the other.
  std::vector<Tuple> tuples_;
  std::vector<List> lists_;
  std::vector<Object> objects_;
  std::vector<PickleValue> persistent_;
};

}  // namespace svhn::formats
