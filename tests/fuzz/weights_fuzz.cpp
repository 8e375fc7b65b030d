// Feeds arbitrary bytes to the reader of foreign weights, Keras' HDF5 files included (slowly: each of those
// is read in a process of its own): it returns arrays as long as their shapes say or throws core::Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/error.h"
#include "fuzz_file.h"
#include "model/plan.h"
#include "model/pretrained/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const svhn::fuzz::File file(std::string_view(reinterpret_cast<const char*>(data), size));
  try {
    for (const auto& array : svhn::model::open_weights(file.path()).arrays) {
      const auto count = static_cast<std::size_t>(svhn::model::element_count(array.shape));
      if (array.values.size() != count) std::abort();
    }
  } catch (const svhn::core::Error&) {
  }
  return 0;
}
