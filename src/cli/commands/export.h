#pragma once
/// `svhn export`: a model as an ONNX file.

#include <cstdint>

#include "cli/command.h"

namespace svhn::cli {

struct ExportOptions {
  static constexpr CommandInfo kCommand{
      .name = "export",
      .description = "Write a model as ONNX, for other programs and languages",
      .example = "svhn export --model models/model_2_1.best.safetensors --output model_2_1.onnx",
      .details =
          "The file takes pictures as bytes, [N,H,W,3], and gives the probabilities of the digits 0 to 9; "
          "the preprocessing is inside. Pictures of another size are resized before.\n\nIts metadata tells "
          "what is known of the model: preprocessing, accuracy, data, licence."};

  static constexpr std::int64_t kFirstOpset = 13, kLastOpset = 17;  ///< As in model/onnx/export.h.

  InputPath model;
  OutputFile output;
  std::int64_t opset = kLastOpset;
  bool without_preprocessing = false;
  bool json = false;
};

void add_options(CLI::App& command, ExportOptions& options);
int run_command(const ExportOptions& options, const GlobalOptions& global);

}  // namespace svhn::cli
