#include <cstddef>
#include <cstdint>
#include <string_view>

#include "data/sources/mat_source.h"
#include "formats/mat/mat.h"
#include "fuzz_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const svhn::fuzz::File input({reinterpret_cast<const char*>(data), size});
  try {
    const svhn::formats::MatFile file(input.path());
    for (const auto& variable : file.variables()) static_cast<void>(file.read(variable));
    svhn::data::read_mat(input.path());
  } catch (const svhn::core::Error&) {
    // A refusal is what damaged input deserves.
  }
  return 0;
}
