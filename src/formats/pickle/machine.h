#pragma once
/// The stack machine that fills a `Pickle`. Internal: users include pickle.h.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/pickle/pickle.h"

namespace svhn::formats {

/// Runs the opcodes of one pickle and stores the result in a `Pickle`. Nesting uses explicit stacks instead
/// of recursion.
class PickleMachine {
 public:
  explicit PickleMachine(Pickle& pickle);
  void run();

 private:
  using Handler = void (PickleMachine::*)();
  struct Table;

  // Bounded reading of the file.
  std::size_t need(std::uint64_t count);  // Skips `count` bytes and returns their offset.
  std::uint64_t number(std::size_t width);
  std::string_view line();
  [[noreturn]] void refuse(const std::string& what, const std::string& hint = {}) const;
  void charge(std::size_t bytes);

  // The stack; `marks_` holds its heights at the MARK opcodes.
  void push(PickleValue value);
  PickleValue pop();
  PickleValue& top();
  [[nodiscard]] std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  std::size_t pop_mark();

  void push_integer(std::int64_t value);
  void push_view(PickleKind kind, std::size_t length_width);
  void push_tuple(std::size_t first);
  void push_list(PickleKind kind, std::size_t first);
  void push_global(std::string_view module, std::string_view name);
  void push_object(PickleValue callable, PickleValue arguments);
  PickleValue make_list(PickleKind kind);
  Pickle::List& container(PickleValue& value, bool pairs);
  void extend(bool pairs, std::size_t first);
  void append(Pickle::List& list, std::span<const PickleValue> values);
  void set_memo(std::size_t index);
  void push_memo(std::size_t index);

  // One function for each opcode or family of opcodes.
  template <PickleKind kind, std::size_t width>
  void op_view() {
    push_view(kind, width);
  }
  template <std::size_t width>
  void op_unsigned() {
    push_integer(static_cast<std::int64_t>(number(width)));
  }
  template <std::size_t width>
  void op_long() {
    push_long(number(width));
  }
  template <std::size_t size>
  void op_tuple_of() {
    push_tuple(required_height(size));
  }
  template <PickleKind kind>
  void op_empty() {
    push(make_list(kind));
  }
  template <PickleKind kind>
  void op_collect() {
    push_list(kind, pop_mark());
  }
  template <bool pairs>
  void op_extend() {
    extend(pairs, pop_mark());
  }
  template <std::size_t width>
  void op_put() {
    set_memo(number(width));
  }
  template <std::size_t width>
  void op_get() {
    push_memo(number(width));
  }
  template <bool value>
  void op_boolean() {
    push({PickleKind::boolean, false, value ? 1U : 0U});
  }
  void push_long(std::uint64_t length);
  std::size_t required_height(std::size_t size);
  void op_byte_run();
  void op_protocol();
  void op_frame();
  void op_stop();
  void op_mark();
  void op_pop();
  void op_pop_mark();
  void op_duplicate();
  void op_none();
  void op_int32();
  void op_float();
  void op_empty_tuple();
  void op_tuple();
  void op_append();
  void op_set_item();
  void op_global();
  void op_stack_global();
  void op_reduce();
  void op_new_keywords();
  void op_build();
  void op_memoize();
  void op_persistent();
  void op_out_of_band();

  Pickle& pickle_;
  std::size_t at_ = 0;      // Offset of the next byte.
  std::size_t opcode_ = 0;  // Offset of the current opcode.
  bool done_ = false;
  std::size_t budget_;
  std::size_t max_height_ = 0;
  std::vector<PickleValue> stack_;
  std::vector<std::size_t> marks_;
  std::vector<PickleValue> memo_;
};

}  // namespace svhn::formats
