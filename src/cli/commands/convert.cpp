#include "cli/commands/convert.h"

#include "cli/command_line.h"

namespace svhn::cli {

void add_options(CLI::App& command, ConvertOptions& options) {
  add_path(command, "--input", options.input,
           "A Keras .keras or .h5, a PyTorch .pth, an .onnx of svhn, or pickled curves (.p)")
      ->check(hint(HintKind::endings, ".keras .h5 .hdf5 .pth .pt .onnx .p"))
      ->required();
  add_path(command, "--output", options.output, "A .safetensors file, or .json for curves")->required();
  command
      .add_option(
          "--classes", options.classes,
          "Which digit each output of a Keras model is: index (0 is '1', 9 is '0'), digit (0 is '0'), "
          "svhn (1 is '1', 10 is '0'); auto: svhn for eleven outputs, else index")
      ->check(CLI::IsMember({"auto", "index", "digit", "svhn"}))
      ->capture_default_str();
}

}  // namespace svhn::cli
