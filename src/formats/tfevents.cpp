#include "formats/tfevents.h"

#include <array>
#include <bit>
#include <cstring>

namespace svhn::formats {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1U) != 0 ? 0x82F63B78U : 0U);
    table[i] = value;
  }
  return table;
}

constexpr auto kCrcTable = make_table();

/// A CRC stored beside its data is rotated and shifted, so that a CRC over data with CRCs stays useful.
std::uint32_t masked_crc(std::string_view bytes) {
  return std::rotr(crc32c(bytes), 15) + 0xA282EAD8U;
}

template <typename Number>
void append_fixed(std::string& out, Number value) {
  static_assert(std::endian::native == std::endian::little);
  std::array<char, sizeof(Number)> bytes{};
  std::memcpy(bytes.data(), &value, sizeof(value));
  out.append(bytes.data(), bytes.size());
}

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

/// Protocol buffers' wire types.
enum class Wire : unsigned { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

void append_key(std::string& out, unsigned field, Wire wire) {
  append_varint(out, (field << 3) | static_cast<unsigned>(wire));
}

void append_bytes(std::string& out, unsigned field, std::string_view bytes) {
  append_key(out, field, Wire::bytes);
  append_varint(out, bytes.size());
  out.append(bytes);
}

/// TFRecord's frame around one message.
std::string frame(const std::string& message) {
  std::string length;
  append_fixed(length, static_cast<std::uint64_t>(message.size()));
  std::string out = length;
  append_fixed(out, masked_crc(length));
  out += message;
  append_fixed(out, masked_crc(message));
  return out;
}

std::string event(double wall_time, std::int64_t step) {
  std::string message;
  append_key(message, 1, Wire::fixed64);  // Event.wall_time
  append_fixed(message, wall_time);
  append_key(message, 2, Wire::varint);  // Event.step
  append_varint(message, static_cast<std::uint64_t>(step));
  return message;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) crc = kCrcTable[(crc ^ static_cast<unsigned char>(c)) & 0xFFU] ^ (crc >> 8);
  return ~crc;
}

std::string tfevents_header(double wall_time) {
  std::string message = event(wall_time, 0);
  append_bytes(message, 3, "brain.Event:2");  // Event.file_version
  return frame(message);
}

std::string tfevents_record(double wall_time, std::int64_t step, std::span<const Scalar> scalars) {
  std::string summary;
  for (const Scalar& scalar : scalars) {
    std::string value;
    append_bytes(value, 1, scalar.tag);   // Summary.Value.tag
    append_key(value, 2, Wire::fixed32);  // Summary.Value.simple_value
    append_fixed(value, scalar.value);
    append_bytes(summary, 1, value);  // Summary.value
  }
  std::string message = event(wall_time, step);
  append_bytes(message, 5, summary);  // Event.summary
  return frame(message);
}

}  // namespace svhn::formats
