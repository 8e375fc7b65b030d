#include "formats/pickle/machine.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace svhn::formats {
namespace {

constexpr std::size_t kBaseBudget = std::size_t{32} << 20;
constexpr std::size_t kMachineReleaseBytes = std::size_t{8} << 20;
constexpr const char* kIncomplete = "the file is incomplete; fetch or save it again";

std::size_t budget_of(std::size_t file_size) {
  return kBaseBudget + 2 * std::min(file_size, SIZE_MAX / 4);
}

}  // namespace

struct PickleMachine::Table {
  std::array<Handler, 256> handlers{};

  constexpr Table() {
    using M = PickleMachine;
    using K = PickleKind;
    control();
    numbers();
    at('\x8c') = &M::op_view<K::text, 1>;
    at('X') = &M::op_view<K::text, 4>;
    at('\x8d') = &M::op_view<K::text, 8>;
    at('C') = at('U') = &M::op_view<K::bytes, 1>;
    at('B') = at('T') = &M::op_view<K::bytes, 4>;
    at('\x8e') = at('\x96') = &M::op_view<K::bytes, 8>;
    at(']') = &M::op_empty<K::list>;
    at('}') = &M::op_empty<K::dict>;
    at('\x8f') = &M::op_empty<K::set>;
    at('l') = &M::op_collect<K::list>;
    at('d') = &M::op_collect<K::dict>;
    at('\x91') = &M::op_collect<K::set>;
    at('a') = &M::op_append;
    at('s') = &M::op_set_item;
    at('e') = at('\x90') = &M::op_extend<false>;
    at('u') = &M::op_extend<true>;
    at(')') = &M::op_empty_tuple;
    at('t') = &M::op_tuple;
    at('\x85') = &M::op_tuple_of<1>;
    at('\x86') = &M::op_tuple_of<2>;
    at('\x87') = &M::op_tuple_of<3>;
  }

 private:
  constexpr Handler& at(char opcode) { return handlers[static_cast<unsigned char>(opcode)]; }

  constexpr void control() {
    using M = PickleMachine;
    at('\x80') = &M::op_protocol;
    at('\x95') = &M::op_frame;
    at('.') = &M::op_stop;
    at('(') = &M::op_mark;
    at('0') = &M::op_pop;
    at('1') = &M::op_pop_mark;
    at('2') = &M::op_duplicate;
    at('c') = &M::op_global;
    at('\x93') = &M::op_stack_global;
    // REDUCE is a call and NEWOBJ an instantiation; for both the callable and its arguments are recorded.
    at('R') = at('\x81') = &M::op_reduce;
    at('\x92') = &M::op_new_keywords;
    at('b') = &M::op_build;
    at('q') = &M::op_put<1>;
    at('r') = &M::op_put<4>;
    at('\x94') = &M::op_memoize;
    at('h') = &M::op_get<1>;
    at('j') = &M::op_get<4>;
    at('Q') = &M::op_persistent;
    at('\x97') = at('\x98') = &M::op_out_of_band;
  }

  constexpr void numbers() {
    using M = PickleMachine;
    at('N') = &M::op_none;
    at('\x88') = &M::op_boolean<true>;
    at('\x89') = &M::op_boolean<false>;
    at('K') = &M::op_byte_run;
    at('M') = &M::op_unsigned<2>;
    at('J') = &M::op_int32;
    at('\x8a') = &M::op_long<1>;
    at('\x8b') = &M::op_long<4>;
    at('G') = &M::op_float;
  }
};

Pickle::Pickle(std::span<const std::byte> bytes, PickleOptions options)
    : file_(bytes), options_(std::move(options)) {
  PickleMachine(*this).run();
}

PickleMachine::PickleMachine(Pickle& pickle) : pickle_(pickle), budget_(budget_of(pickle.file_.size())) {}

void PickleMachine::run() {
  static constexpr Table kTable;
  constexpr auto kProtocol = std::byte{0x80};
  if (pickle_.file_.empty() || pickle_.file_[0] != kProtocol) {
    refuse("not a pickle of protocol 2 to 5",
           "unpack a compressed pickle first, or save it again with pickle.dump(..., protocol=4)");
  }
  std::size_t released = 0;
  while (!done_) {
    opcode_ = at_;
    const auto code = static_cast<std::size_t>(number(1));
    const Handler handler = kTable.handlers[code];
    if (handler == nullptr) refuse("the opcode " + std::to_string(code) + " is not one of protocols 2 to 5");
    (this->*handler)();
    if (at_ - released < kMachineReleaseBytes) continue;
    if (pickle_.options_.release) pickle_.options_.release(released, at_ - released);
    released = at_;
  }
}

void PickleMachine::refuse(const std::string& what, const std::string& hint) const {
  pickle_.fail(what, opcode_, hint);
}

void PickleMachine::charge(std::size_t bytes) {
  if (bytes > budget_) {
    refuse("the pickle builds more objects than " + pickle_.options_.purpose + " of this size needs");
  }
  budget_ -= bytes;
}

std::size_t PickleMachine::need(std::uint64_t count) {
  const std::size_t left = pickle_.file_.size() - at_;
  if (count > left) {
    refuse("the pickle promises " + std::to_string(count) + " bytes but only " + std::to_string(left) +
               " follow",
           kIncomplete);
  }
  return std::exchange(at_, at_ + static_cast<std::size_t>(count));
}

std::uint64_t PickleMachine::number(std::size_t width) {
  const std::size_t start = need(width);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i)
    value |= std::to_integer<std::uint64_t>(pickle_.file_[start + i]) << 8 * i;
  return value;
}

std::string_view PickleMachine::line() {
  constexpr std::size_t kLongest = 4096;
  const auto* text = reinterpret_cast<const char*>(pickle_.file_.data()) + at_;
  const std::string_view rest(text, std::min(pickle_.file_.size() - at_, kLongest));
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) refuse("a name in the pickle does not end");
  at_ += end + 1;
  return rest.substr(0, end);
}

void PickleMachine::push(PickleValue value) {
  stack_.push_back(value);
  if (stack_.size() <= max_height_) return;
  max_height_ = stack_.size();
  charge(sizeof(PickleValue));
}

PickleValue& PickleMachine::top() {
  if (stack_.size() <= floor()) refuse("the pickle takes a value that is not there");
  return stack_.back();
}

PickleValue PickleMachine::pop() {
  const PickleValue value = top();
  stack_.pop_back();
  return value;
}

std::size_t PickleMachine::pop_mark() {
  if (marks_.empty()) refuse("the pickle closes a group that was never opened");
  const std::size_t mark = marks_.back();
  marks_.pop_back();
  return mark;
}

std::size_t PickleMachine::required_height(std::size_t size) {
  if (stack_.size() - floor() < size) refuse("the pickle takes a value that is not there");
  return stack_.size() - size;
}

void PickleMachine::push_integer(std::int64_t value) {
  if (std::in_range<std::int32_t>(value)) {
    push({PickleKind::integer, false, std::bit_cast<std::uint32_t>(static_cast<std::int32_t>(value))});
    return;
  }
  charge(sizeof(std::int64_t));
  pickle_.integers_.push_back(value);
  push({PickleKind::integer, true, static_cast<std::uint32_t>(pickle_.integers_.size() - 1)});
}

void PickleMachine::push_long(std::uint64_t length) {
  if (length > 8)
    refuse("the pickle has an integer of " + std::to_string(length) + " bytes; at most 8 are read");
  const auto width = static_cast<std::size_t>(length);
  std::uint64_t value = number(width);
  const bool negative = width > 0 && (value >> (8 * width - 1) & 1) != 0;
  if (negative && width < 8) value |= ~std::uint64_t{0} << 8 * width;
  push_integer(std::bit_cast<std::int64_t>(value));
}

void PickleMachine::push_view(PickleKind kind, std::size_t length_width) {
  const std::uint64_t length = number(length_width);
  const std::size_t start = need(length);
  charge(sizeof(Pickle::View));
  pickle_.views_.push_back({start, static_cast<std::size_t>(length)});
  push({kind, false, static_cast<std::uint32_t>(pickle_.views_.size() - 1)});
}

void PickleMachine::push_tuple(std::size_t first) {
  auto& children = pickle_.children_;
  const std::size_t size = stack_.size() - first;
  charge(sizeof(Pickle::Tuple) + size * sizeof(PickleValue));
  pickle_.tuples_.push_back({opcode_, children.size(), size});
  children.insert(children.end(), stack_.end() - static_cast<std::ptrdiff_t>(size), stack_.end());
  stack_.resize(first);
  push({PickleKind::tuple, false, static_cast<std::uint32_t>(pickle_.tuples_.size() - 1)});
}

void PickleMachine::op_mark() {
  charge(sizeof(std::size_t));
  marks_.push_back(stack_.size());
}

void PickleMachine::op_stop() {
  pickle_.root_ = pop();
  pickle_.size_ = at_;
  done_ = true;
}

}  // namespace svhn::formats
