#pragma once
/// TensorBoard's event files: scalars as protocol buffers in TFRecord frames. A file is a sequence of
/// records, so it grows by appending.
/// @see tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto (field numbers);
/// TensorFlow's guide "TFRecord and tf.train.Example" (frame: length, its masked CRC-32C, data,
/// its masked CRC-32C)

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace svhn::formats {

struct Scalar {
  std::string tag;  ///< E.g. "loss"; TensorBoard groups tags by the part before a slash.
  float value = 0.0F;
};

/// @returns the first record of every file: the format's version "brain.Event:2".
/// @param wall_time seconds since 1970.
std::string tfevents_header(double wall_time);

/// @param wall_time seconds since 1970. @returns one record with all scalars of a step.
std::string tfevents_record(double wall_time, std::int64_t step, std::span<const Scalar> scalars);

/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78) of the bytes. @see RFC 3720, appendix B.4
std::uint32_t crc32c(std::string_view bytes);

}  // namespace svhn::formats
