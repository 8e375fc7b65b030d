// The opcodes of `PickleMachine`; the stack and the dispatch are in machine.cpp.
#include <algorithm>
#include <bit>
#include <iterator>

#include "core/json.h"
#include "formats/pickle/machine.h"

namespace svhn::formats {
namespace {

bool is_byte(PickleValue value) {
  return value.kind == PickleKind::integer && !value.wide && value.index <= 255;
}

}  // namespace

PickleValue PickleMachine::make_list(PickleKind kind) {
  charge(sizeof(Pickle::List));
  pickle_.lists_.push_back({opcode_, {}, {}});
  return {kind, false, static_cast<std::uint32_t>(pickle_.lists_.size() - 1)};
}

/// A list of integers 0..255 stays packed until another value is appended.
void PickleMachine::append(Pickle::List& list, std::span<const PickleValue> values) {
  if (list.items.empty() && std::all_of(values.begin(), values.end(), is_byte)) {
    charge(values.size());
    for (const PickleValue value : values) list.packed.push_back(static_cast<std::uint8_t>(value.index));
    return;
  }
  charge((list.packed.size() + values.size()) * sizeof(PickleValue));
  for (const std::uint8_t byte : list.packed) list.items.push_back({PickleKind::integer, false, byte});
  std::vector<std::uint8_t>().swap(list.packed);
  list.items.insert(list.items.end(), values.begin(), values.end());
}

/// Object arrays are long runs of this opcode; one loop over the run avoids a dispatch per element.
void PickleMachine::op_byte_run() {
  const auto file = pickle_.file_;
  constexpr auto kByteOpcode = std::byte{'K'};
  push({PickleKind::integer, false, static_cast<std::uint32_t>(number(1))});
  while (file.size() - at_ >= 2 && file[at_] == kByteOpcode) {
    opcode_ = at_;
    push({PickleKind::integer, false, std::to_integer<std::uint32_t>(file[at_ + 1])});
    at_ += 2;
  }
}

/// @returns the list that receives elements; an object gets one with its first element.
Pickle::List& PickleMachine::container(PickleValue& value, bool pairs) {
  PickleValue list = value;
  if (value.kind == PickleKind::object) {
    if (pickle_.objects_[value.index].added.kind == PickleKind::none) {
      const PickleValue made = make_list(pairs ? PickleKind::dict : PickleKind::list);
      pickle_.objects_[value.index].added = made;
    }
    list = pickle_.objects_[value.index].added;
  }
  const bool fits =
      pairs ? list.kind == PickleKind::dict : list.kind == PickleKind::list || list.kind == PickleKind::set;
  if (!fits) refuse("the pickle adds elements to a value that has none");
  return pickle_.lists_[list.index];
}

void PickleMachine::extend(bool pairs, std::size_t first) {
  const std::size_t size = stack_.size() - first;
  if (pairs && size % 2 != 0) refuse("the pickle adds a key without a value");
  if (first <= floor()) refuse("the pickle adds elements to nothing");
  Pickle::List& list = container(stack_[first - 1], pairs);
  const auto values = std::span(stack_).subspan(first);
  if (pairs) {
    charge(size * sizeof(PickleValue));
    list.items.insert(list.items.end(), values.begin(), values.end());
  } else {
    append(list, values);
  }
  stack_.resize(first);
}

void PickleMachine::push_list(PickleKind kind, std::size_t first) {
  stack_.insert(stack_.begin() + static_cast<std::ptrdiff_t>(first), make_list(kind));
  extend(kind == PickleKind::dict, first + 1);
}

void PickleMachine::op_append() {
  extend(false, required_height(2) + 1);
}

void PickleMachine::op_set_item() {
  extend(true, required_height(3) + 1);
}

void PickleMachine::op_tuple() {
  push_tuple(pop_mark());
}

void PickleMachine::op_empty_tuple() {
  push_tuple(stack_.size());
}

void PickleMachine::op_protocol() {
  const std::uint64_t protocol = number(1);
  if (protocol < 2 || protocol > 5) {
    refuse("the pickle is of protocol " + std::to_string(protocol) + "; protocols 2 to 5 are read",
           "save it again with pickle.dump(..., protocol=4)");
  }
}

void PickleMachine::op_frame() {
  const std::uint64_t length = number(8);
  const std::size_t after = at_;
  need(length);  // Frames are only hints for buffering, but an overlong one reveals a truncated file early.
  at_ = after;
}

void PickleMachine::op_pop() {
  if (!marks_.empty() && stack_.size() == marks_.back()) {
    marks_.pop_back();
    return;
  }
  pop();
}

void PickleMachine::op_pop_mark() {
  stack_.resize(pop_mark());
}

void PickleMachine::op_duplicate() {
  push(top());
}

void PickleMachine::op_none() {
  push({});
}

void PickleMachine::op_int32() {
  push_integer(std::bit_cast<std::int32_t>(static_cast<std::uint32_t>(number(4))));
}

void PickleMachine::op_float() {
  const std::size_t start = need(8);
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 8; ++i)
    bits = bits << 8 | std::to_integer<std::uint64_t>(pickle_.file_[start + i]);
  charge(sizeof(double));
  pickle_.floats_.push_back(std::bit_cast<double>(bits));
  push({PickleKind::floating, false, static_cast<std::uint32_t>(pickle_.floats_.size() - 1)});
}

void PickleMachine::push_global(std::string_view module, std::string_view name) {
  const auto globals = pickle_.options_.globals;
  const auto found = std::find_if(globals.begin(), globals.end(), [&](const PickleGlobal& global) {
    return global.name == name && global.module == module;
  });
  if (found == globals.end()) {
    const std::string file = "'" + pickle_.options_.file + "': the pickle asks for '";
    throw core::Error(pickle_.options_.code,
                      file + core::printable(module) + "." + core::printable(name) + "' (byte " +
                          std::to_string(opcode_) + "), which " + pickle_.options_.purpose + " does not need",
                      "nothing of the file was run" +
                          (pickle_.options_.advice.empty() ? "" : "; " + pickle_.options_.advice));
  }
  push({PickleKind::global, false, static_cast<std::uint32_t>(found - globals.begin())});
}

void PickleMachine::op_global() {
  const std::string_view module = line();
  push_global(module, line());
}

void PickleMachine::op_stack_global() {
  const PickleValue name = pop();
  const PickleValue module = pop();
  if (name.kind != PickleKind::text || module.kind != PickleKind::text) {
    refuse("the pickle names a class by something that is not text");
  }
  push_global(pickle_.text(module), pickle_.text(name));
}

void PickleMachine::push_object(PickleValue callable, PickleValue arguments) {
  if (callable.kind != PickleKind::global)
    refuse("the pickle calls something that is not a function or class");
  if (arguments.kind != PickleKind::tuple) refuse("the pickle calls with arguments that are not a tuple");
  charge(sizeof(Pickle::Object));
  pickle_.objects_.push_back({opcode_, callable, arguments, {}, {}});
  push({PickleKind::object, false, static_cast<std::uint32_t>(pickle_.objects_.size() - 1)});
}

void PickleMachine::op_reduce() {
  const PickleValue arguments = pop();
  push_object(pop(), arguments);
}

void PickleMachine::op_new_keywords() {
  const PickleValue keywords = pop();
  if (keywords.kind != PickleKind::dict || !pickle_.items(keywords).empty()) {
    refuse("the pickle makes an object with keyword arguments, which are not read");
  }
  op_reduce();
}

void PickleMachine::op_build() {
  const PickleValue state = pop();
  if (top().kind != PickleKind::object) refuse("the pickle gives a state to a value that has none");
  pickle_.objects_[top().index].state = state;
}

void PickleMachine::set_memo(std::size_t index) {
  const PickleValue value = top();
  // Writers number memo entries consecutively, so an index never exceeds the number of bytes read so far.
  if (index > at_)
    refuse("the pickle uses place " + std::to_string(index) + " of its memo, far past the last");
  if (index >= memo_.size()) {
    charge((index + 1 - memo_.size()) * sizeof(PickleValue));
    memo_.resize(index + 1, {PickleKind::persistent, true, 0});
  }
  memo_[index] = value;
}

void PickleMachine::push_memo(std::size_t index) {
  // A wide persistent id marks an unset memo entry; pickles cannot create one.
  const bool known =
      index < memo_.size() && !(memo_[index].kind == PickleKind::persistent && memo_[index].wide);
  if (!known) refuse("the pickle refers to place " + std::to_string(index) + " of its memo, which is empty");
  push(memo_[index]);
}

void PickleMachine::op_memoize() {
  set_memo(memo_.size());
}

void PickleMachine::op_persistent() {
  if (!pickle_.options_.persistent_ids) {
    refuse("the pickle refers to data outside of it by a persistent id",
           "save it again without a persistent_id method");
  }
  charge(sizeof(PickleValue));
  pickle_.persistent_.push_back(pop());
  push({PickleKind::persistent, false, static_cast<std::uint32_t>(pickle_.persistent_.size() - 1)});
}

void PickleMachine::op_out_of_band() {
  refuse("the pickle keeps its arrays outside of itself (out-of-band buffers)",
         "save it again without buffer_callback");
}

}  // namespace svhn::formats
