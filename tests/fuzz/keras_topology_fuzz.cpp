// Feeds arbitrary text to the reader of Keras' model descriptions: every call reads the input or earlier
// calls, or core::Error is thrown.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/error.h"
#include "model/keras/topology.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto topology =
        svhn::model::read_keras_topology("a.keras", std::string(reinterpret_cast<const char*>(data), size));
    for (std::size_t i = 0; i < topology.calls.size(); ++i) {
      for (const std::size_t input : topology.calls[i].inputs) {
        if (input > i) std::abort();
      }
    }
    if (topology.output > topology.calls.size()) std::abort();
  } catch (const svhn::core::Error&) {
  }
  return 0;
}
