#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "data/photos.h"
#include "formats/csv/csv.h"
#include "fuzz_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const svhn::fuzz::File file({reinterpret_cast<const char*>(data), size});
  try {
    svhn::formats::CsvReader reader(file.path());
    while (reader.next_row()) continue;
    const std::array<svhn::data::InputRows, 2> inputs{{{"a", 3}, {"b", 2}}};
    svhn::data::read_photos(file.path(), inputs);
  } catch (const svhn::core::Error&) {
    // A refusal is what damaged input deserves.
  }
  return 0;
}
