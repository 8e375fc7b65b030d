#pragma once
/// `svhn convert`: Keras models, exported models, pretrained weights and learning curves.

#include <string>

#include "cli/command.h"

namespace svhn::cli {

struct ConvertOptions {
  static constexpr CommandInfo kCommand{
      .name = "convert",
      .description = "Convert Keras models, exported models, pretrained weights and Keras' learning curves",
      .example = "svhn convert --input model_2_2.h5 --output models/model_2_2.safetensors",
      .details =
          "Writes a safetensors file from a trained Keras model (.keras, .h5), from an ONNX file of 'svhn "
          "export' or from published weights (.h5, .pth), or a JSON file from pickled learning curves. "
          "Nothing in the input is executed."};

  InputPath input;
  OutputFile output;
  std::string classes = "auto";  ///< auto, index, digit or svhn.
};

void add_options(CLI::App& command, ConvertOptions& options);
int run_command(const ConvertOptions& options, const GlobalOptions& global);

}  // namespace svhn::cli
