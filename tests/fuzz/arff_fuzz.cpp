#include <cstddef>
#include <cstdint>
#include <string_view>

#include "data/sources/arff_source.h"
#include "formats/arff/arff.h"
#include "fuzz_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const svhn::fuzz::File file({reinterpret_cast<const char*>(data), size});
  try {
    svhn::formats::ArffReader reader(file.path());
    std::vector<std::int32_t> row(reader.header().attributes.size());
    while (reader.next_row(row)) continue;
    svhn::data::read_arff(file.path());
  } catch (const svhn::core::Error&) {
    // A refusal is what damaged input deserves.
  }
  return 0;
}
