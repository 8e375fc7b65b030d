#include "cli/commands/convert.h"

#include "cli/command_line.h"

namespace svhn::cli {

void add_options(CLI::App& command, ConvertOptions& options) {
  add_path(command, "--input", options.input, "A Keras .keras or .h5, a PyTorch .pth, or pickled curves (.p)")
      ->required();
  add_path(command, "--output", options.output, "A .safetensors file, or .json for curves")->required();
}

}  // namespace svhn::cli
