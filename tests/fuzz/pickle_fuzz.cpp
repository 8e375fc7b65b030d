// Feeds arbitrary bytes to the pickle reader: whatever they are, it returns digits or throws core::Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "core/error.h"
#include "data/prepared.h"
#include "data/sources/pickled.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto digits = svhn::data::read_pickled_bytes(std::as_bytes(std::span(data, size)), "fuzz.pkl");
    if (std::ssize(digits.images) != std::ssize(digits.labels) * svhn::data::kImageBytes) std::abort();
  } catch (const svhn::core::Error&) {
  }
  return 0;
}
