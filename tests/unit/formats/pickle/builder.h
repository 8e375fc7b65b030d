#pragma once
/// Writes pickles opcode by opcode, for tests that need ones which Python would not write.
/// Opcodes as Python's Lib/pickletools.py documents them.

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace svhn::test {

class PickleBuilder {
 public:
  PickleBuilder() { raw("\x80\x04"); }  // PROTO 4

  PickleBuilder& raw(std::string_view bytes) {
    out_.append(bytes);
    return *this;
  }
  PickleBuilder& repeat(std::string_view bytes, std::size_t times) {
    out_.reserve(out_.size() + times * bytes.size() + 1);
    for (std::size_t i = 0; i < times; ++i) out_.append(bytes);
    return *this;
  }
  PickleBuilder& little(std::uint64_t value, int width) {
    for (int i = 0; i < width; ++i) out_.push_back(static_cast<char>(value >> 8 * i & 0xFF));
    return *this;
  }
  PickleBuilder& text(std::string_view value) { return raw("X").little(value.size(), 4).raw(value); }
  PickleBuilder& bytes(std::string_view value) { return raw("B").little(value.size(), 4).raw(value); }
  PickleBuilder& number(std::int64_t value) {
    return raw("\x8a\x08").little(static_cast<std::uint64_t>(value), 8);  // LONG1
  }
  PickleBuilder& global(std::string_view module, std::string_view name) {
    return raw("c").raw(module).raw("\n").raw(name).raw("\n");
  }
  /// numpy's _frombuffer(data, dtype(type), shape, 'C').
  PickleBuilder& array(std::string_view type, std::initializer_list<std::int64_t> shape,
                       std::string_view data) {
    global("numpy.core.numeric", "_frombuffer").raw("(").bytes(data);
    global("numpy", "dtype").raw("(").text(type).raw("\x89\x88tR");
    raw("(");
    for (const std::int64_t length : shape) number(length);
    return raw("t").text("C").raw("tR");
  }
  /// Text as protocol 2 writes bytes: encode(text, 'latin1').
  PickleBuilder& latin1(std::string_view utf8) {
    return global("_codecs", "encode").raw("(").text(utf8).text("latin1").raw("tR");
  }
  /// Ends the pickle.
  std::string stop() { return out_ + "."; }

 private:
  std::string out_;
};

inline std::span<const std::byte> as_bytes(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace svhn::test
