// Feeds arbitrary bytes to the reader of PyTorch's checkpoints, zip and older form: whatever they are, it
// returns tensors of the promised sizes or throws core::Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/error.h"
#include "formats/torch/torch_archive.h"
#include "fuzz_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const svhn::fuzz::File file(std::string_view(reinterpret_cast<const char*>(data), size));
  try {
    const svhn::formats::TorchArchive archive(file.path(), svhn::core::ExitCode::model);
    for (const auto& tensor : archive.tensors()) {
      if (archive.read(tensor).size() != tensor.elements * svhn::formats::item_size(tensor.dtype))
        std::abort();
    }
  } catch (const svhn::core::Error&) {
  }
  return 0;
}
