// Feeds arbitrary bytes to the reader of ONNX files: whatever they are, it reads a model or throws
// core::Error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/error.h"
#include "fuzz_file.h"
#include "model/onnx/import.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const svhn::fuzz::File file(std::string_view(reinterpret_cast<const char*>(data), size));
  try {
    (void)svhn::model::import_onnx(file.path());
  } catch (const svhn::core::Error&) {
    // Refused.
  }
  return 0;
}
