// Feeds arbitrary bytes to everything that opens safetensors: whatever they are, it opens or throws
// core::Error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/error.h"
#include "data/prepared.h"
#include "formats/safetensors/safetensors.h"
#include "fuzz_file.h"
#include "model/model_file.h"

namespace {

template <typename Open>
void attempt(Open open) {
  try {
    open();
  } catch (const svhn::core::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const svhn::fuzz::File file(std::string_view(reinterpret_cast<const char*>(data), size));
  attempt([&] { svhn::formats::SafetensorsFile(file.path(), svhn::core::ExitCode::data).verify(); });
  attempt([&] {
    const svhn::data::PreparedData prepared(file.path());
    for (std::int64_t row = 0; row < prepared.size(); ++row) (void)prepared.image(row);
  });
  attempt([&] { const svhn::model::ModelFile model(file.path()); });
  return 0;
}
