#include "formats/pickle/pickle.h"

#include <bit>
#include <functional>
#include <utility>

namespace svhn::formats {
namespace {

const char* kind_name(PickleKind kind) {
  switch (kind) {
    case PickleKind::none:
      return "None";
    case PickleKind::boolean:
      return "a bool";
    case PickleKind::integer:
      return "an int";
    case PickleKind::floating:
      return "a float";
    case PickleKind::bytes:
      return "bytes";
    case PickleKind::text:
      return "a str";
    case PickleKind::tuple:
      return "a tuple";
    case PickleKind::list:
      return "a list";
    case PickleKind::dict:
      return "a dict";
    case PickleKind::set:
      return "a set";
    case PickleKind::global:
      return "a class or function";
    case PickleKind::object:
      return "an object";
    case PickleKind::persistent:
      return "a persistent id";
  }
  return "an unknown value";
}

constexpr const char* kDamaged = "the file is damaged or holds something else; fetch or save it again";

}  // namespace

void Pickle::fail(const std::string& what, std::size_t position, const std::string& hint) const {
  throw core::Error(options_.code,
                    "'" + options_.file + "': " + what + " (byte " + std::to_string(position) + ")",
                    hint.empty() ? kDamaged : hint);
}

void Pickle::expect(PickleValue value, PickleKind kind, const char* wanted) const {
  if (value.kind == kind) return;
  fail(std::string("the pickle has ") + kind_name(value.kind) + " where " + wanted + " belongs",
       position(value), {});
}

bool Pickle::boolean(PickleValue value) const {
  expect(value, PickleKind::boolean, "a bool");
  return value.index != 0;
}

std::int64_t Pickle::integer(PickleValue value) const {
  expect(value, PickleKind::integer, "an int");
  return value.wide ? integers_[value.index] : std::bit_cast<std::int32_t>(value.index);
}

double Pickle::floating(PickleValue value) const {
  expect(value, PickleKind::floating, "a float");
  return floats_[value.index];
}

std::span<const std::byte> Pickle::bytes(PickleValue value) const {
  expect(value, PickleKind::bytes, "bytes");
  const View view = views_[value.index];
  return file_.subspan(view.offset, view.size);
}

std::string_view Pickle::text(PickleValue value) const {
  if (value.kind != PickleKind::bytes) expect(value, PickleKind::text, "a str");
  const View view = views_[value.index];
  return {reinterpret_cast<const char*>(file_.data()) + view.offset, view.size};
}

PickleValue Pickle::as_list(PickleValue value) const {
  if (value.kind == PickleKind::object) return objects_[value.index].added;
  if (value.kind != PickleKind::dict && value.kind != PickleKind::set)
    expect(value, PickleKind::list, "a list");
  return value;
}

std::span<const PickleValue> Pickle::items(PickleValue value) const {
  if (value.kind == PickleKind::tuple) {
    const Tuple& tuple = tuples_[value.index];
    return std::span(children_).subspan(tuple.first, tuple.size);
  }
  const PickleValue list = as_list(value);
  if (list.kind == PickleKind::none) return {};
  return lists_[list.index].items;
}

bool Pickle::is_packed(PickleValue value) const {
  const PickleValue list = as_list(value);
  return list.kind != PickleKind::none && !lists_[list.index].packed.empty();
}

std::span<const std::uint8_t> Pickle::packed(PickleValue value) const {
  const PickleValue list = as_list(value);
  if (list.kind == PickleKind::none) return {};
  return lists_[list.index].packed;
}

const PickleValue* Pickle::find(PickleValue dict, std::string_view key) const {
  if (dict.kind != PickleKind::object) expect(dict, PickleKind::dict, "a dict");
  const auto pairs = items(dict);
  for (std::size_t i = pairs.size() / 2; i-- > 0;) {
    const PickleValue name = pairs[2 * i];
    const bool is_text = name.kind == PickleKind::text || name.kind == PickleKind::bytes;
    if (is_text && text(name) == key) return &pairs[2 * i + 1];
  }
  return nullptr;
}

int Pickle::global_kind(PickleValue global) const {
  expect(global, PickleKind::global, "a class or function");
  return options_.globals[global.index].kind;
}

int Pickle::callable_kind(PickleValue object) const {
  expect(object, PickleKind::object, "an object");
  return global_kind(objects_[object.index].callable);
}

PickleValue Pickle::arguments(PickleValue object) const {
  expect(object, PickleKind::object, "an object");
  return objects_[object.index].arguments;
}

PickleValue Pickle::state(PickleValue object) const {
  expect(object, PickleKind::object, "an object");
  return objects_[object.index].state;
}

PickleValue Pickle::persistent_id(PickleValue value) const {
  expect(value, PickleKind::persistent, "a persistent id");
  return persistent_[value.index];
}

std::size_t Pickle::offset_of(std::span<const std::byte> view) const {
  const bool inside = std::less_equal<>()(file_.data(), view.data()) &&
                      std::less<>()(view.data(), file_.data() + file_.size());
  return inside ? static_cast<std::size_t>(view.data() - file_.data()) : kNowhere;
}

std::size_t Pickle::position(PickleValue value) const {
  switch (value.kind) {
    case PickleKind::bytes:
    case PickleKind::text:
      return views_[value.index].offset;
    case PickleKind::tuple:
      return tuples_[value.index].position;
    case PickleKind::list:
    case PickleKind::dict:
    case PickleKind::set:
      return lists_[value.index].position;
    case PickleKind::object:
      return objects_[value.index].position;
    default:
      return 0;
  }
}

}  // namespace svhn::formats
