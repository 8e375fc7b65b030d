#pragma once
/// `svhn info`: what a file holds.

#include "cli/command.h"

namespace svhn::data {
class PreparedData;
}

namespace svhn::cli {

struct InfoOptions {
  static constexpr CommandInfo kCommand{
      .name = "info",
      .description = "Describe a data file, model, checkpoint or weights file",
      .example = "svhn info models/model_2_1.safetensors",
      .details =
          "Says what a file holds and verifies its checksums: images and splits of prepared data, layers and "
          "training of a model or checkpoint, tensors of a weights file.",
      .needs_engine = false};

  InputPath file;
  bool json = false;
  bool card = false;
};

void add_options(CLI::App& command, InfoOptions& options);
int run_command(const InfoOptions& options, const GlobalOptions& global);

/// Prints the sizes, classes and metadata of a prepared file, for `info` and `preprocess`: as text, or as
/// {"kind":"data","images":N,"splits":{…},"class_counts":[10],"source":…, …}.
void print_data(const data::PreparedData& data, bool as_json);

}  // namespace svhn::cli
